package shell

import (
	"strings"
	"testing"

	"github.com/archlint/archlint/lint/source"
)

func TestExpands(t *testing.T) {
	for script, want := range map[string]bool{
		"curl -LO https://x/tool-AMD64":                              true,
		`curl -LO "https://x/tool-AMD64"`:                            true,
		`curl -LO 'https://x/tool-AMD64'`:                            false,
		`curl -LO $'https://x/tool-AMD64'`:                           false,
		`curl -LO https://x/tool-\AMD64`:                             false,
		`curl -LO https://x/tool-\\AMD64`:                            true,
		"ARCH=AMD64; curl $ARCH":                                     true,
		"ARCH='AMD64'; curl $ARCH":                                   false,
		"export ARCH=AMD64":                                          true,
		"f() { curl AMD64; }; f":                                     true,
		"if true; then curl AMD64; fi":                               true,
		"x=$(curl AMD64)":                                            true,
		"x=`curl AMD64`":                                             true,
		"sh -c 'curl AMD64'":                                         false,
		`sh -c "curl AMD64"`:                                         false,
		`sudo bash -exc "curl AMD64"`:                                false,
		`eval "curl AMD64"`:                                          false,
		`bash -x AMD64`:                                              true,
		"case $x in AMD64) curl y ;; esac":                           false,
		"case $x in y) curl AMD64 ;; esac":                           true,
		"case AMD64 in y) curl z ;; esac":                            true,
		"curl x # AMD64":                                             false,
		"curl ${X:-AMD64}":                                           false,
		"curl ${X}AMD64":                                             true,
		"[[ $x == AMD64 ]]":                                          false,
		"[ $x = AMD64 ]":                                             true,
		"cat <<EOF >f\nAMD64\nEOF\n":                                 true,
		"cat <<'EOF' >f\nAMD64\nEOF\n":                               false,
		"cat <<\\EOF >f\nAMD64\nEOF\n":                               false,
		"cat <<-\"EOF\" >f\n\tAMD64\n\tEOF\n":                        false,
		"cat <<EOF >f && curl AMD64\nx\nEOF\n":                       true,
		"curl a && \\\n  curl b/AMD64 && \\\n  echo 'done'":          true,
		"echo \"deb [arch=AMD64] https://x\" >/etc/apt/sources.list": true,
		"echo 'deb [arch=AMD64] https://x' >/etc/apt/sources.list":   false,
		"for a in AMD64; do curl $a; done":                           true,
		"curl AMD64 (":                                               false,
		"((AMD64 + 1))":                                              false,
		"echo 'it is'\"'AMD64'\"":                                    true,
		"echo 'a' b'c'AMD64":                                         true,
		"curl \"$(echo 'AMD64')\"":                                   false,
	} {
		f := source.New("x", []byte(script))
		at := strings.Index(script, "AMD64")
		if got := Expands(source.Verbatim(f.Span(0, len(script))), f.Span(at, at+5)); got != want {
			t.Errorf("%s: got %v", script, got)
		}
	}
}
