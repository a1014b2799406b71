package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeGo stands in for Go: it "builds" an archlint that writes its arguments to
// a file, a report and messages, and exits, as variables tell it.
const fakeGo = `#!/bin/sh
case "$1 $2" in
"env GOHOSTOS") echo hostos ;;
"env GOHOSTARCH") echo hostarch ;;
"env GOVERSION") echo go1.20 ;;
"list -m")
	if [ -n "$FAKE_TOO_OLD" ]; then
		echo "go: go.mod requires a newer go" >&2
		exit 1
	fi ;;
*)
	for arg in "$@"; do printf 'go %s\n' "$arg"; done >>"$FAKE_LOG"
	printf 'env GOOS=%s GOARCH=%s GOFLAGS=%s GOWORK=%s\n' "$GOOS" "$GOARCH" "$GOFLAGS" "$GOWORK" >>"$FAKE_LOG"
	to=$GOBIN
	while [ $# -gt 0 ]; do
		if [ "$1" = -o ]; then to=$2; fi
		shift
	done
	cat >"${to%/}/archlint" <<'END'
#!/bin/sh
for arg in "$@"; do
	case $arg in
	--format=json=*)
		if [ -n "$FAKE_REPORT" ]; then printf '%s' "$FAKE_REPORT" >"${arg#--format=json=}"; fi
		arg=--format=json=REPORT ;;
	esac
	printf '<%s>\n' "$arg"
done >>"$FAKE_LOG"
pwd >>"$FAKE_LOG"
printf '%s' "$FAKE_MESSAGES" >&2
exit "${FAKE_EXIT:-0}"
END
	chmod +x "${to%/}/archlint" ;;
esac
`

// script runs action/run.sh as the action does, with a stand-in for Go. It
// returns what the script wrote, what the stand-in was told, and the outputs.
func script(t *testing.T, dir string, env ...string) (got output, log, outputs string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for Go is a shell script")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	write(t, temp, map[string]string{"bin/go": fakeGo, "log": "", "output": ""})
	if err := os.Chmod(filepath.Join(temp, "bin", "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	defaults := []string{
		"PATH=" + filepath.Join(temp, "bin") + string(os.PathListSeparator) + extra(env) + string(os.PathListSeparator) + os.Getenv("PATH"),
		"GITHUB_ACTION_PATH=" + root + "/", "RUNNER_TEMP=" + filepath.Join(temp, "runner temp"), "GITHUB_OUTPUT=" + filepath.Join(temp, "output"),
		"FAKE_LOG=" + filepath.Join(temp, "log"), "FAKE_REPORT=", "FAKE_MESSAGES=", "FAKE_EXIT=0", "FAKE_TOO_OLD=",
		"ARCHLINT_PATHS=./...", "ARCHLINT_PLATFORMS=", "ARCHLINT_FAIL_ON=warning", "ARCHLINT_OFFLINE=false", "ARCHLINT_STRICT=false", "ARCHLINT_CACHE_DIR=",
		"ARCHLINT_WORKING_DIRECTORY=.", "ARCHLINT_CONFIG=", "ARCHLINT_VERSION=", "ARCHLINT_SINCE=", "ARCHLINT_BASE=", "ARCHLINT_BASELINE=",
	}
	got = run(t, dir, append(defaults, env...), "bash", filepath.Join(root, "action", "run.sh"))
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(temp, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return got, strings.ReplaceAll(read("log"), temp, "TEMP"), read("output")
}

// extra returns the directory of programs that a test adds, or one that is not there.
func extra(env []string) string {
	for _, variable := range env {
		if dir, ok := strings.CutPrefix(variable, "ARCHLINT_TEST_PATH="); ok {
			return dir
		}
	}
	return filepath.Join(os.DevNull, "none")
}

// arguments returns what archlint was started with, from a log.
func arguments(log string) []string {
	var args []string
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "<") {
			args = append(args, strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "<"), ">"))
		}
	}
	return args
}

func TestActionInputsBecomeArguments(t *testing.T) {
	common := []string{"--format", "github", "--format=json=REPORT"}
	tests := map[string]struct {
		env  []string
		want []string
	}{
		"nothing set": {
			want: []string{"--fail-on=warning", "--", "./..."},
		},
		"everything set": {
			env: []string{
				"ARCHLINT_PATHS=Dockerfile services/...", "ARCHLINT_PLATFORMS=linux/arm64,linux/riscv64", "ARCHLINT_FAIL_ON=error",
				"ARCHLINT_OFFLINE=true", "ARCHLINT_CONFIG=ci/arch lint.yaml", "ARCHLINT_STRICT=true", "ARCHLINT_CACHE_DIR=/tmp/x y",
				"ARCHLINT_BASELINE=ci/known findings", "ARCHLINT_SINCE=origin/main",
			},
			want: []string{
				"--fail-on=error", "--offline", "--strict", "--cache-dir=/tmp/x y", "--platforms=linux/arm64,linux/riscv64",
				"--baseline=ci/known findings", "--since=origin/main", "--config=ci/arch lint.yaml", "--", "Dockerfile", "services/...",
			},
		},
		"since, a baseline and SARIF": {
			env:  []string{"ARCHLINT_SINCE=main", "ARCHLINT_BASELINE=known findings.yaml", "ARCHLINT_SARIF=a b.sarif"},
			want: []string{"--fail-on=warning", "--baseline=known findings.yaml", "--format=sarif=a b.sarif", "--since=main", "--", "./..."},
		},
		"no pull request": {
			env:  []string{"ARCHLINT_SINCE=auto", "ARCHLINT_BASE="},
			want: []string{"--fail-on=warning", "--", "./..."},
		},
		"a base that is not in the checkout": {
			env:  []string{"ARCHLINT_SINCE=auto", "ARCHLINT_BASE=1111111111111111111111111111111111111111"},
			want: []string{"--fail-on=warning", "--", "./..."},
		},
		"a base that is an option": {
			env:  []string{"ARCHLINT_SINCE=auto", "ARCHLINT_BASE=--help"},
			want: []string{"--fail-on=warning", "--", "./..."},
		},
		"a fork whose base is not in the checkout": {
			env:  []string{"ARCHLINT_FORK=true", "ARCHLINT_CONFIG=arch.yaml", "ARCHLINT_PULL_BASE=1111111111111111111111111111111111111111"},
			want: []string{"--fail-on=warning", "--no-repo-config", "--", "./..."},
		},
		"a fork that is trusted": {
			env:  []string{"ARCHLINT_FORK=true", "ARCHLINT_TRUST_CONFIG=true", "ARCHLINT_CONFIG=arch.yaml"},
			want: []string{"--fail-on=warning", "--config=arch.yaml", "--", "./..."},
		},
		"no configuration is trusted": {
			env:  []string{"ARCHLINT_FORK=false", "ARCHLINT_TRUST_CONFIG=false", "ARCHLINT_PULL_BASE=--help"},
			want: []string{"--fail-on=warning", "--no-repo-config", "--", "./..."},
		},
		"paths on lines of their own": {
			env:  []string{"ARCHLINT_PATHS=a\n  b\t c\n\n"},
			want: []string{"--fail-on=warning", "--", "a", "b", "c"},
		},
		"blank paths are the default": {
			env:  []string{"ARCHLINT_PATHS= \n\t"},
			want: []string{"--fail-on=warning", "--", "./..."},
		},
		"patterns are for archlint to expand": {
			env:  []string{"ARCHLINT_PATHS=* ** ? [a-z]*"},
			want: []string{"--fail-on=warning", "--", "*", "**", "?", "[a-z]*"},
		},
		"shell syntax means nothing": {
			env: []string{
				"ARCHLINT_PATHS=$(touch${IFS}pwned) `touch pwned` ; touch pwned # ~ \\ \"x' $HOME", "ARCHLINT_PLATFORMS=$(touch pwned)",
				"ARCHLINT_FAIL_ON='; touch pwned; '", "ARCHLINT_CONFIG=x\" --offline", "ARCHLINT_SINCE=--upload-pack=touch pwned;", "ARCHLINT_BASELINE=`touch pwned`",
			},
			want: []string{
				"--fail-on='; touch pwned; '", "--platforms=$(touch pwned)", "--baseline=`touch pwned`", "--since=--upload-pack=touch pwned;", "--config=x\" --offline", "--",
				"$(touch${IFS}pwned)", "`touch", "pwned`", ";", "touch", "pwned", "#", "~", "\\", "\"x'", "$HOME",
			},
		},
		"a path is never a flag": {
			env:  []string{"ARCHLINT_PATHS=--fail-on=never -q"},
			want: []string{"--fail-on=warning", "--", "--fail-on=never", "-q"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"Dockerfile": good, "a": "", "b": ""})
			got, log, _ := script(t, dir, test.env...)
			if got.code != 0 {
				t.Errorf("exit code %d\n%s", got.code, got)
			}
			if diff := cmp.Diff(append(common[:3:3], test.want...), arguments(log)); diff != "" {
				t.Error(diff)
			}
			if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
				t.Error("an input was run as a command")
			}
		})
	}
}

func TestActionTurnsDownWrongInputs(t *testing.T) {
	tests := map[string]struct {
		env  []string
		want string
	}{
		"offline is a boolean":                   {[]string{"ARCHLINT_OFFLINE=yes"}, `::error title=archlint::offline is true or false, not "yes"`},
		"trust-config is one of three":           {[]string{"ARCHLINT_TRUST_CONFIG=yes"}, `::error title=archlint::trust-config is auto, true or false, not "yes"`},
		"strict is a boolean":                    {[]string{"ARCHLINT_STRICT=1"}, `::error title=archlint::strict is true or false, not "1"`},
		"line ends stay within the annotation":   {[]string{"ARCHLINT_OFFLINE=50%\n::error::x"}, `not "50%25%0A::error::x"`},
		"a version is no command":                {[]string{"ARCHLINT_VERSION=v1 -exec=sh"}, `::error title=archlint::version is a version`},
		"the working directory must exist":       {[]string{"ARCHLINT_WORKING_DIRECTORY=nowhere"}, `::error title=archlint::working-directory: there is no directory "nowhere"`},
		"an old Go leads to actions/setup-go":    {[]string{"FAKE_TOO_OLD=1"}, `go1.20 on this runner is not and does not fetch: add a step with "uses: actions/setup-go@`},
		"a missing Go leads to actions/setup-go": {[]string{"PATH=" + withoutGo(t)}, `there is no Go on this runner: add a step with "uses: actions/setup-go@`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, log, _ := script(t, t.TempDir(), test.env...)
			if got.code != 2 || !strings.Contains(got.stdout, test.want) {
				t.Errorf("exit code %d, want 2 and %s\n%s", got.code, test.want, got)
			}
			if len(arguments(log)) != 0 {
				t.Error("archlint was started")
			}
			if n := strings.Count("\n"+got.stdout, "\n::error"); n != 1 {
				t.Errorf("%d errors, want 1\n%s", n, got)
			}
		})
	}
}

// withoutGo returns a directory with the programs that the script uses, and
// without Go.
func withoutGo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"bash", "cat", "chmod", "grep", "mkdir", "mktemp", "sed", "sh", "tr"} {
		file, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("there is no %s", name)
		}
		if err := os.Symlink(file, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	return dir
}

func TestActionBuildsForTheRunner(t *testing.T) {
	got, log, _ := script(t, t.TempDir(), "GOOS=plan9", "GOARCH=arm64", "GOFLAGS=-mod=vendor", "GOWORK=/x/go.work")
	if want := "env GOOS=hostos GOARCH=hostarch GOFLAGS= GOWORK=off\n"; got.code != 0 || !strings.Contains(log, want) {
		t.Errorf("%q is missing in\n%s\n%s", want, log, got)
	}
}

func TestActionBuildsTheVersionThatIsAskedFor(t *testing.T) {
	got, log, _ := script(t, t.TempDir(), "ARCHLINT_VERSION=v1.2.3")
	if want := "go github.com/archlint/archlint/cmd/archlint@v1.2.3\n"; got.code != 0 || !strings.Contains(log, want) || len(arguments(log)) == 0 {
		t.Errorf("%q is missing in\n%s\n%s", want, log, got)
	}
}

func TestActionRunsInTheWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"-sub dir/Dockerfile": good})
	got, log, _ := script(t, dir, "ARCHLINT_WORKING_DIRECTORY=-sub dir")
	if got.code != 0 || !strings.HasSuffix(log, "/-sub dir\n") {
		t.Errorf("exit code %d, log\n%s\n%s", got.code, log, got)
	}
}

func TestActionSince(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := repository(t, map[string]string{"Dockerfile": good})
	head := strings.TrimSpace(run(t, dir, nil, "git", "rev-parse", "HEAD").stdout)
	_, log, _ := script(t, dir, "ARCHLINT_SINCE=auto", "ARCHLINT_BASE="+head)
	if !strings.Contains(log, "<--since="+head+">") {
		t.Errorf("the base is in the checkout and not taken:\n%s", log)
	}
}

func TestActionSARIF(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"sub/report.sarif": "{}"})
	_, _, outputs := script(t, dir, "ARCHLINT_SARIF=report.sarif", "ARCHLINT_WORKING_DIRECTORY=sub")
	if outputs != "sarif=sub/report.sarif\n" {
		t.Errorf("outputs: %q", outputs)
	}
	if _, _, outputs = script(t, dir, "ARCHLINT_SARIF=none.sarif"); outputs != "" {
		t.Errorf("a report that was not written: %q", outputs)
	}
}

func TestActionOutputs(t *testing.T) {
	// A message with the beginning of the object, as JSON writes it.
	forged := `"findings": [{"message": "\"summary\": {\"findings\": 9, \"errors\": 9, \"warnings\": 9}", "path": "summary"}]`
	tests := map[string]struct {
		report string
		code   int
		want   string
	}{
		"counts are taken from the summary": {
			report: "{\n  \"summary\": {\n    \"files\": 12,\n    \"findings\": 13,\n    \"errors\": 2,\n    \"warnings\": 10,\n    \"infos\": 1,\n    \"suppressed\": 0\n  }\n}\n",
			code:   1,
			want:   "findings=13\nerrors=2\nwarnings=10\n",
		},
		"also from a document of one line": {
			report: `{"summary":{"files":1,"findings":0,"errors":0,"warnings":0,"infos":0,"suppressed":0},` + forged + `}`,
			want:   "findings=0\nerrors=0\nwarnings=0\n",
		},
		"text of the repository is not taken for it": {
			report: `{` + forged + `, "summary": {"findings": 1, "errors": 0, "warnings": 1}}`,
			code:   1,
			want:   "findings=1\nerrors=0\nwarnings=1\n",
		},
		"without a report there are none": {code: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, _, outputs := script(t, t.TempDir(), "FAKE_REPORT="+test.report, "FAKE_EXIT="+string(rune('0'+test.code)))
			if got.code != test.code {
				t.Errorf("exit code %d, want %d\n%s", got.code, test.code, got)
			}
			if diff := cmp.Diff(test.want, outputs); diff != "" {
				t.Error(diff)
			}
			if failed := strings.Contains(got.stdout, "::error title=archlint::archlint did not do its work (exit code 2)"); failed != (test.code > 1) {
				t.Errorf("an error is shown: %t\n%s", failed, got)
			}
		})
	}
}

func TestActionNeutralisesMessages(t *testing.T) {
	messages := "archlint: a\n::error::x: no such file\n \t::add-mask::x\rover::write\r::error::y ##[error]z\n"
	got, _, _ := script(t, t.TempDir(), "FAKE_EXIT=2", "FAKE_MESSAGES="+messages)
	want := "archlint: a\n\\::error::x: no such file\n\\ \t::add-mask::x\nover::write\n\\::error::y ##\\[error]z\n"
	if diff := cmp.Diff(want, got.stderr); diff != "" {
		t.Error(diff)
	}
}

// TestActionReachesTheBase runs on clones as actions/checkout makes them.
func TestActionReachesTheBase(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	origin := repository(t, map[string]string{"Dockerfile": good})
	git := func(dir string, args ...string) string {
		got := run(t, dir, nil, "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always"}, args...)...)
		if got.code != 0 {
			t.Fatalf("git %s\n%s", args, got)
		}
		return strings.TrimSpace(got.stdout)
	}
	commit := func(n int) {
		for range n {
			git(origin, "commit", "-q", "--allow-empty", "-m", "x")
		}
	}
	commit(3)
	base := git(origin, "rev-parse", "HEAD")
	git(origin, "checkout", "-q", "-b", "change")
	commit(2)
	git(origin, "checkout", "-q", "-b", "main2", base)
	commit(1)
	git(origin, "merge", "-q", "--no-ff", "-m", "merge", "change") // as refs/pull/N/merge
	merge := git(origin, "rev-parse", "HEAD")
	git(origin, "checkout", "-q", "-b", "long", base)
	commit(60)
	git(origin, "checkout", "-q", "--orphan", "alone")
	commit(1)

	const warning = "::warning title=archlint::The base of the pull request could not be fetched"
	tests := map[string]struct {
		branch string
		depth  string
		env    []string
		broken bool // the origin cannot be reached
		want   string
		warned bool
	}{
		"all of the history is there":            {branch: "main2", depth: "1000", env: []string{"ARCHLINT_SINCE=" + base}, want: "--since=" + base, broken: true},
		"a merge of the pull request, cut":       {branch: "main2", depth: "1", env: []string{"ARCHLINT_SINCE=auto", "ARCHLINT_BASE=" + base}, want: "--since=" + base},
		"a branch of many commits, cut":          {branch: "long", depth: "1", env: []string{"ARCHLINT_SINCE=auto", "ARCHLINT_BASE=" + base}, want: "--since=" + base},
		"the origin does not answer":             {branch: "main2", depth: "1", env: []string{"ARCHLINT_SINCE=auto", "ARCHLINT_BASE=" + base}, broken: true, warned: true},
		"the base is no relative":                {branch: "alone", depth: "1", env: []string{"ARCHLINT_SINCE=auto", "ARCHLINT_BASE=" + base}, warned: true},
		"what is asked for is archlint's to say": {branch: "main2", depth: "1", env: []string{"ARCHLINT_SINCE=" + base, "ARCHLINT_BASE=" + merge}, broken: true, want: "--since=" + base},
		"so is what is no commit":                {branch: "main2", depth: "1", env: []string{"ARCHLINT_SINCE=origin/main"}, want: "--since=origin/main"},
		"nothing is asked for":                   {branch: "main2", depth: "1", env: []string{"ARCHLINT_BASE=" + base}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "clone")
			git(origin, "clone", "-q", "--no-tags", "--depth", test.depth, "--branch", test.branch, "file://"+filepath.ToSlash(origin), dir)
			if test.broken {
				git(dir, "remote", "set-url", "origin", "file:///nowhere")
			}
			got, log, _ := script(t, dir, append(test.env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")...)
			since := ""
			for _, arg := range arguments(log) {
				if strings.HasPrefix(arg, "--since") {
					since = arg
				}
			}
			if got.code != 0 || since != test.want || strings.Contains(got.stdout, warning) != test.warned {
				t.Errorf("%q, want %q\n%s", since, test.want, got)
			}
			if strings.HasPrefix(test.want, "--since="+base) && !test.broken {
				git(dir, "merge-base", base, "HEAD")
			}
			if n := git(dir, "rev-list", "--count", "HEAD"); test.depth == "1" && test.branch == "main2" && !test.broken && since == "--since="+base && n == "1" {
				t.Error("nothing was fetched")
			}
		})
	}
}

func TestActionTakesTheConfigurationOfTheBaseForAFork(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := repository(t, map[string]string{"Dockerfile": good})
	head := strings.TrimSpace(run(t, dir, nil, "git", "rev-parse", "HEAD").stdout)
	_, log, _ := script(t, dir, "ARCHLINT_FORK=true", "ARCHLINT_PULL_BASE="+head, "ARCHLINT_CONFIG=arch.yaml")
	if !strings.Contains(log, "<--config-revision="+head+">\n<--config=arch.yaml>") {
		t.Errorf("the base is in the checkout and not taken:\n%s", log)
	}
}
