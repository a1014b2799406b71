package discover

import (
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"
)

// ignoreCases are patterns of a root .gitignore and paths (a final slash marks a
// directory) that they leave out or not.
var ignoreCases = []struct {
	name     string
	patterns string
	ignored  []string
	kept     []string
}{
	{"a base name holds at any depth", "foo", []string{"foo", "a/foo", "a/b/foo/"}, []string{"foo.txt", "afoo"}},
	{"a slash at the end means directories", "foo/", []string{"foo/", "a/foo/"}, []string{"foo", "a/foo"}},
	{"a slash before the end anchors", "a/foo", []string{"a/foo"}, []string{"b/a/foo", "foo"}},
	{"a slash in front anchors", "/foo", []string{"foo"}, []string{"a/foo"}},
	{"a star stays in its segment", "a/*/c", []string{"a/b/c"}, []string{"a/b/b/c", "a/c"}},
	{"star and question mark", "*.lo?\nx*y*z", []string{"a.log", ".log", "d/x1y2z", "xyz"}, []string{"a.lo", "a.logs", "x1z2y"}},
	{"two stars in front", "**/foo/bar", []string{"foo/bar", "a/b/foo/bar"}, []string{"foo/a/bar"}},
	{"two stars at the end", "foo/**", []string{"foo/a", "foo/a/b"}, []string{"foo/", "a/foo/b"}},
	{"two stars in the middle", "a/**/b", []string{"a/b", "a/x/b", "a/x/y/b"}, []string{"b", "a/x/c"}},
	{"two stars within a segment are one", "a**c", []string{"abc", "x/abbc"}, []string{"a/c"}},
	{"the last pattern decides", "*.log\n!keep.log\nsub/keep.log", []string{"a.log", "sub/keep.log"}, []string{"keep.log", "x/keep.log"}},
	{"comments, blank lines, spaces", "# foo\n\nbar   \n\\#x\n\\!y\nend\\ ", []string{"bar", "#x", "!y", "end "}, []string{"foo", "# foo", "end"}},
	{"carriage returns", "foo\r\nbar\r\n", []string{"foo", "bar"}, nil},
	{"classes", "[a-c]x\n[!0-9]y\n[]]z\n[[:digit:]_]w\n[\\]]q", []string{"ax", "cx", "ay", "]z", "5w", "_w", "]q"}, []string{"dx", "1y", "az", "aw"}},
	{"an open class matches nothing", "[ab", nil, []string{"a", "[ab", "b"}},
	{"escapes", "\\*x\nf\\oo", []string{"*x", "foo"}, []string{"ax", "f\\oo"}},
	{"a backslash at the end matches nothing", "foo\\", nil, []string{"foo", "foo\\"}},
	{"other scripts", "*ü\nx??", []string{"fü", "xß"}, []string{"füß"}},
	{"a byte order mark", "\ufefffoo", []string{"foo"}, nil},
	{"everything but", "/*\n!/keep/", []string{"a", "b/"}, []string{"keep/"}},
	{"only stars", "**\n!*/\n!*.yml", []string{"a", "d/b"}, []string{"d/", "d/x.yml"}},
}

func TestIgnoresMatch(t *testing.T) {
	for _, test := range ignoreCases {
		t.Run(test.name, func(t *testing.T) {
			ig := parseIgnores(nil, "", []byte(test.patterns), new(int))
			check := func(file string, want bool) {
				name, isDir := strings.CutSuffix(file, "/")
				dir, base := path.Split(name)
				if got := ig.match(strings.TrimSuffix(dir, "/"), base, isDir); got != want {
					t.Errorf("%q ignored = %v, want %v", file, got, want)
				}
			}
			for _, file := range test.ignored {
				check(file, true)
			}
			for _, file := range test.kept {
				check(file, false)
			}
		})
	}
}

// The table above says what git does, which is asked where it is installed.
func TestIgnoreCasesAreGits(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	for _, test := range ignoreCases {
		t.Run(test.name, func(t *testing.T) {
			check := func(file string, want bool) {
				root := tree(t, map[string]string{".gitignore": test.patterns, file: ""})
				run := func(args ...string) error {
					cmd := exec.Command(git, args...)
					cmd.Dir = root
					cmd.Env = append(cmd.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "HOME="+root)
					return cmd.Run()
				}
				if err := run("init", "-q"); err != nil {
					t.Skip("git does not run: ", err)
				}
				got := run("check-ignore", "-q", "--no-index", "--", strings.TrimSuffix(file, "/")) == nil
				if got != want {
					t.Errorf("git ignores %q = %v, the table says %v", file, got, want)
				}
			}
			for _, file := range test.ignored {
				check(file, true)
			}
			for _, file := range test.kept {
				check(file, false)
			}
		})
	}
}

func TestIgnoresAreBoundedOnHostilePatterns(t *testing.T) {
	start := time.Now()
	segment := strings.Repeat("*a", 100) + "b"
	deep := strings.Repeat("**/a/", 100) + "b"
	ig := parseIgnores(nil, "", []byte(segment+"\n"+deep+"\n"), new(int))
	dir := strings.TrimSuffix(strings.Repeat("a/", 200), "/")
	if ig.match(dir, strings.Repeat("a", 250), false) {
		t.Error("matched")
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzIgnores(f *testing.F) {
	for _, test := range ignoreCases {
		f.Add(test.patterns, "a/b", "foo")
	}
	f.Add("[[:]", "0", "0")
	f.Add("**/**/a*b*c/[!x-z]\\*/**", "a/b", "0")
	f.Fuzz(func(t *testing.T, patterns, dir, name string) {
		ig := parseIgnores(nil, "", []byte(patterns), new(int))
		ig.match(dir, name, false)
		ig.match(dir, name, true)
	})
}
