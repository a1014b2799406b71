package e2e

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestImage builds archlint's own Dockerfile for both platforms. In place of the image
// of Go, which is on Docker Hub, it is given one of this machine's Go and busybox, and
// the modules that this machine has.
func TestImage(t *testing.T) {
	require(t, "go", "buildah", "busybox", "qemu-aarch64-static")
	temp := t.TempDir()
	values := goEnv(t, "GOROOT", "GOMODCACHE")
	root, modules := strings.TrimPrefix(values[0], "GOROOT="), filepath.Join(strings.TrimPrefix(values[1], "GOMODCACHE="), "cache", "download")
	env := []string{"HOME=" + temp, "TMPDIR=" + temp}
	buildah := func(args ...string) string {
		t.Helper()
		args = append([]string{"--root", filepath.Join(temp, "root"), "--runroot", filepath.Join(temp, "run"), "--storage-driver", "vfs"}, args...)
		got := run(t, temp, env, "buildah", args...)
		if got.code != 0 {
			t.Fatalf("buildah %s\n%s", args, got)
		}
		return strings.TrimSpace(got.stdout)
	}
	busybox := strings.TrimSpace(run(t, temp, nil, "sh", "-c", "command -v busybox").stdout)
	write(t, temp, map[string]string{"base/tmp/.keep": "", "base/etc/ssl/certs/ca-certificates.crt": "none"})
	base := buildah("from", "scratch")
	buildah("copy", base, filepath.Join(temp, "base"), "/")
	buildah("copy", base, root, "/usr/local/go")
	buildah("copy", base, busybox, "/bin/sh")
	buildah("config", "--env", "PATH=/usr/local/go/bin:/bin", "--env", "GOPROXY=file:///modules", "--env", "GOSUMDB=off", "--env", "GOTOOLCHAIN=local", base)
	buildah("commit", base, "docker.io/library/golang:1.26-alpine")
	buildah("rm", base)

	for _, architecture := range []string{"amd64", "arm64"} {
		out := filepath.Join(temp, architecture+".tar")
		buildah("bud", "--isolation", "chroot", "--pull-never", "--platform", "linux/"+architecture,
			// buildah 1.28 takes the target for the machine that builds.
			"--build-arg", "BUILDPLATFORM=linux/"+runtime.GOARCH, "--build-arg", "VERSION=1.2.3",
			"--volume", modules+":/modules:ro", "--output", "type=tar,dest="+out, checkoutDir(t))
		files := unpacked(t, out)
		if len(files) != 2 {
			t.Errorf("%s: the image has %d files, want the program and the certificates", architecture, len(files))
		}
		program := files["usr/local/bin/archlint"]
		executable, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			t.Fatalf("%s: %v", architecture, err)
		}
		if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[architecture]; executable.Machine != want {
			t.Errorf("%s: a program for %s", architecture, executable.Machine)
		}
		file := filepath.Join(temp, "archlint-"+architecture)
		if err := os.WriteFile(file, program, 0o755); err != nil {
			t.Fatal(err)
		}
		// As in the image: nobody's user, with nothing that could be written to.
		dir := repository(t, map[string]string{"Dockerfile": bad})
		emulator := map[string]string{"amd64": "qemu-x86_64-static", "arm64": "qemu-aarch64-static"}[architecture]
		got := run(t, dir, []string{"HOME=/nowhere", "XDG_CACHE_HOME="}, emulator, file, "--offline", "--format", "json")
		var report struct {
			Tool     struct{ Version string }
			Findings []struct{ Rule string }
		}
		if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || got.code != 1 || len(report.Findings) != 1 || report.Tool.Version != "1.2.3" {
			t.Errorf("%s: %v\n%s", architecture, err, got)
		}
	}
}

// unpacked returns the regular files of an archive.
func unpacked(t *testing.T, file string) map[string][]byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if files[strings.TrimPrefix(h.Name, "./")], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}
