package makefile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

func script(t *testing.T, text string, given Given, targets ...string) string {
	t.Helper()
	s, ok := Parse(source.New("Makefile", []byte(text))).Script(targets, given)
	if !ok {
		return "not known"
	}
	var out strings.Builder
	for _, line := range s.Lines {
		out.WriteString(line.String + "\n")
	}
	return out.String()
}

func TestScript(t *testing.T) {
	arguments := Given{Arguments: map[string]facts.Value{"TAG": facts.Text("v2"), "OPEN": facts.Unknowable()}}
	environment := Given{Environment: func(name string) (facts.Value, bool) {
		if name == "TAG" || name == "FIXED" {
			return facts.Text("env"), true
		}
		return facts.Value{}, false
	}}
	tests := []struct {
		name, text string
		given      Given
		targets    string
		want       string
	}{
		{"the first target", ".PHONY: a\nX = 1\na:\n\techo $(X)\nb:\n\techo b\n", Given{}, "", "echo 1\n"},
		{"what is needed goes first, once", "a: b c | d\n\ta\nb: c\n\tb\nc:\n\tc\nd:\n\td\n", Given{}, "a", "c\nb\nd\na\n"},
		{"how make runs a line is not for the shell", "a:\n\t@echo a\n\t- +echo b\n", Given{}, "a", "echo a\necho b\n"},
		{"continued lines", "X = a \\\n\tb\na:\n\techo \\\n\t\t$(X)\n", Given{}, "a", "echo \\\n\ta  \tb\n"},
		{"dollars", "a:\n\techo $$HOME $${x} '$$(pwd)'\n", Given{}, "a", "echo $HOME ${x} '$(pwd)'\n"},
		{"variables of variables", "R ?= ghcr.io\nIMG := ${R}/app:$(TAG)\nTAG ?= v1\na:\n\tdocker push $(IMG)\n", Given{}, "a", "docker push ghcr.io/app:v1\n"},
		{"the command line goes first", "TAG = v1\na:\n\techo $(TAG) $(OPEN)\n", arguments, "a", "echo v2 ${archlint_make_OPEN}\n"},
		{"the environment goes behind", "TAG ?= v1\nFIXED = f\na:\n\techo $(TAG) $(FIXED)\n", environment, "a", "echo env f\n"},
		{"appended", "F = -a\nF += -b\na:\n\techo $(F)\n", Given{}, "a", "echo -a -b\n"},
		{"the shell's output", "V := $(shell git describe)\na:\n\techo $(V)\n", Given{}, "a", "echo $(git describe)\n"},
		{"conditions decide nothing", "ifeq ($(CI),)\nF = -a\nelse\nF = -b\nendif\na:\n\techo $(F)\n", Given{}, "a", "echo ${archlint_unknown}\n"},
		{"other functions", "F = $(addprefix -t ,$(T))\na:\n\techo $(F)\n", Given{}, "a", "echo ${archlint_unknown}\n"},
		{"for one target", "F = 1\nb: F = 2\na b:\n\techo $(F)\n", Given{}, "b", "echo ${archlint_unknown}\n"},
		{"not set", "a:\n\techo $(F)x\n", Given{}, "a", "echo x\n"},
		{"not set here", "include x.mk\na:\n\techo $(F)\n", Given{}, "a", "echo ${archlint_unknown}\n"},
		{"a pattern", "image-%: base\n\tbuild $* as $@\nbase:\n\tbase\n", Given{}, "image-api", "base\nbuild api as image-api\n"},
		{"a name before a pattern", "image-%:\n\tpattern\nimage-api:\n\tname\n", Given{}, "image-api", "name\n"},
		{"behind a semicolon", "a: ; echo a\n", Given{}, "a", " echo a\n"},
		{"make itself", "a:\n\t$(MAKE) -C $(CURDIR)/x b\n", Given{}, "a", "make -C ./x b\n"},
		{"definitions are skipped", "define X\na:\n\tno\nendef\na:\n\tyes\n", Given{}, "a", "yes\n"},
		{"comments", "X = 1 # one\na: # a\n\techo $(X) # two\n", Given{}, "a", "echo 1 # two\n"},
		{"no such target", "a:\n\techo\n", Given{}, "b", "not known"},
		{"a circle", "a: b\n\ta\nb: a\n\tb\n", Given{}, "a", "b\na\n"},
		{"a variable of itself", "X = $(X)\na:\n\techo $(X)\n", Given{}, "a", "echo ${archlint_unknown}\n"},
		{"a variable without end", "X = $(X)$(X)\na:\n\techo $(X)\n", Given{}, "a", "not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, script(t, tt.text, tt.given, strings.Fields(tt.targets)...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPlaces checks that what is not expanded is found in the file again.
func TestPlaces(t *testing.T) {
	text := "IMG = example/app\na:\n\tdocker build -t $(IMG) .\n"
	s, _ := Parse(source.New("Makefile", []byte(text))).Script([]string{"a"}, Given{})
	line := s.Lines[0]
	for _, word := range []string{"docker build", "example/app"} {
		at := strings.Index(line.String, word)
		if got := line.Span(at, at+len(word)).Text(); got != word {
			t.Errorf("%q is %q in the file", word, got)
		}
	}
}

func FuzzScript(f *testing.F) {
	f.Add("X ?= $(shell a) ${Y}\nY := $(X:a=b)\ninclude x\na-%: b ; c $*\n\t@d \\\n\te $(X)$@\nifdef X\nb: X = 1\nendif\n", "a-x")
	f.Add("define X\nendef\nX += $$\na:\n\t$(", "a")
	f.Fuzz(func(t *testing.T, text, target string) {
		file := source.New("Makefile", []byte(text))
		s, _ := Parse(file).Script([]string{target}, Given{Arguments: map[string]facts.Value{"A": facts.Unknowable()}})
		for _, line := range s.Lines {
			if span := line.All(); span.Start < 0 || span.End > len(file.Data) {
				t.Fatalf("%v is not in the file", span)
			}
		}
	})
}
