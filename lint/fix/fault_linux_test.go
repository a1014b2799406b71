package fix

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The contents that files of these tests change between.
var (
	oldContent = bytes.Repeat([]byte("old\n"), 50_000)
	newContent = bytes.Repeat([]byte("new!\n"), 50_000)
)

const child = "ARCHLINT_TEST_FAULT"

// TestFaultChild is no test, but the program that the tests below start.
func TestFaultChild(t *testing.T) {
	mode, root, ok := strings.Cut(os.Getenv(child), "=")
	switch {
	case !ok:
		t.Skip("for other tests")
	case mode == "full":
		// As on a full disk, a part of what is written is.
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}); err != nil {
			t.Skip(err)
		}
		if err := Write(root, "f", oldContent, newContent); !errors.Is(err, syscall.EFBIG) {
			t.Errorf("got %v", err)
		}
		if err := Create(root, "g", newContent); !errors.Is(err, syscall.EFBIG) {
			t.Errorf("got %v", err)
		}
	case mode == "kill":
		before, after := oldContent, newContent
		for {
			if err := Write(root, "f", before, after); err != nil {
				t.Fatal(err)
			}
			before, after = after, before
		}
	}
}

func start(t *testing.T, mode, root string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFaultChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), child+"="+mode+"="+root)
	cmd.Env = append(cmd.Env, "GOCOVERDIR="+t.TempDir())
	return cmd
}

func TestAFullDiskLeavesTheFile(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"f", "g"} {
		if err := os.WriteFile(filepath.Join(root, name), oldContent, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := start(t, "full", root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"f", "g"} {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || !bytes.Equal(got, oldContent) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestAKillLeavesTheOldFileOrTheNew(t *testing.T) {
	root := t.TempDir()
	for n := range 15 {
		if err := os.WriteFile(filepath.Join(root, "f"), oldContent, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := start(t, "kill", root)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(10+3*n) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		got, err := os.ReadFile(filepath.Join(root, "f"))
		if err != nil || !bytes.Equal(got, oldContent) && !bytes.Equal(got, newContent) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}
