package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// scratch is where what tests share is put: it outlives a single test.
var scratch string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "archlint-e2e-")
	if err != nil {
		panic(err)
	}
	scratch = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// require skips the test unless end-to-end tests are asked for, and fails it if
// one of the programs is missing then.
func require(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("ARCHLINT_E2E") != "1" {
		t.Skipf("set ARCHLINT_E2E=1, or run make e2e, to test with %s", strings.Join(programs, ", "))
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("ARCHLINT_E2E is set and %s is missing: %v", program, err)
		}
	}
}

// checkout is a git repository with a copy of this one, in a single commit.
var checkout = sync.OnceValues(func() (string, error) {
	root := filepath.Join("..", "..")
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		return "", err
	}
	to := filepath.Join(scratch, "checkout")
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(root, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, but not yet from the index
		} else if err != nil {
			return "", err
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return "", err
		}
		file := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(file, data, info.Mode().Perm()); err != nil {
			return "", err
		}
	}
	return to, commit(to)
})

func checkoutDir(t *testing.T) string {
	t.Helper()
	dir, err := checkout()
	if err != nil {
		t.Fatalf("copying the checkout: %v", err)
	}
	return dir
}

// program is archlint built from the checkout.
var program = sync.OnceValues(func() (string, error) {
	file := filepath.Join(scratch, "bin", "archlint")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", file, "./cmd/archlint")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return file, nil
})

// commit makes all files of dir a repository with one commit.
func commit(dir string) error {
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"add", "-A", "-f"},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "--no-verify", "-m", "test"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return errors.New("git " + args[0] + ": " + string(out))
		}
	}
	return nil
}

// repository writes files to a new repository with one commit.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	if err := commit(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// output is what a program wrote and how it ended.
type output struct {
	stdout, stderr string
	code           int
}

func (o output) String() string {
	return "stdout:\n" + o.stdout + "\nstderr:\n" + o.stderr
}

// run runs a program with variables on top of those of the test; a later one of
// the same name counts.
func run(t *testing.T, dir string, env []string, name string, args ...string) output {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = slices.Concat(os.Environ(), env)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	return output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// goEnv returns a setting of Go, to keep using its caches under another HOME.
func goEnv(t *testing.T, names ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for i, value := range strings.Split(strings.TrimRight(string(out), "\n"), "\n") {
		env = append(env, names[i]+"="+value)
	}
	return env
}

// The Dockerfiles of the tests.
const (
	good = "FROM alpine:3.20\nRUN apk add --no-cache curl\n"
	bad  = "FROM alpine:3.20\nRUN wget https://releases.hashicorp.com/terraform/1.9.0/terraform_1.9.0_linux_amd64.zip\n"
)
