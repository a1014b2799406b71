package e2e

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// programs builds one program for each architecture.
func programs(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, architecture := range []string{"amd64", "arm64"} {
		file := filepath.Join(t.TempDir(), architecture)
		build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", file, "./testdata/toolbox")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
		if text, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[architecture] = data
	}
	return out
}

// toolbox is an image with a shell for a platform, and with what Debian has in
// places that are called after the architecture.
func toolbox(t *testing.T, programs map[string][]byte, architecture string) v1.Image {
	t.Helper()
	kernel := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[architecture]
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	add := func(name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	add("bin/sh", programs[architecture])
	add("usr/lib/jvm/java-17-openjdk-"+architecture+"/bin/java", programs[architecture])
	add("usr/lib/"+kernel+"-linux-gnu/libfoo.so", programs[architecture])
	for name, data := range programs {
		add("programs/"+name, data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	config.Config.Env = []string{"PATH=/bin:/usr/bin"}
	img, err = mutate.ConfigFile(img, config)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// emulate lets this machine run programs for arm64, if it may.
func emulate(t *testing.T) error {
	t.Helper()
	const misc = "/proc/sys/fs/binfmt_misc"
	if _, err := os.Stat(misc + "/qemu-aarch64"); err == nil {
		return nil
	}
	if _, err := os.Stat(misc + "/register"); err != nil {
		if err := syscall.Mount("binfmt_misc", misc, "binfmt_misc", 0, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", misc, err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(misc, 0) })
	}
	rule, err := os.ReadFile("/usr/lib/binfmt.d/qemu-aarch64.conf")
	if err != nil {
		return err
	}
	if err := os.WriteFile(misc+"/register", bytes.TrimSpace(rule), 0o200); err != nil {
		return fmt.Errorf("registering an interpreter: %w", err)
	}
	t.Cleanup(func() { _ = os.WriteFile(misc+"/qemu-aarch64", []byte("-1"), 0o200) })
	return nil
}

// TestBuilds asks a real builder whether archlint is right: each of these Dockerfiles
// either cannot be built for linux/arm64, or makes an image for it in which /app is a
// program for amd64. After archlint has changed it, the program is one for arm64.
func TestBuilds(t *testing.T) {
	require(t, "docker-registry", "buildah", "git")
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	emulated := emulate(t)
	built := programs(t)
	host := startRegistry(t, "")
	amd64, arm64 := toolbox(t, built, "amd64"), toolbox(t, built, "arm64")
	index := mutate.AppendManifests(empty.Index, listed(t, amd64, "linux/amd64"), listed(t, arm64, "linux/arm64"))
	push(t, host+"/toolbox:1", index)
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, architecture := range []string{"amd64", "arm64"} {
			if r.URL.Path == "/tool-linux-"+architecture {
				_, _ = w.Write(built[architecture])
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(files.Close)
	storage := t.TempDir()

	for _, test := range []struct {
		name, rule string
		runs       bool // commands on the target
		text       string
		after      string // where archlint has no fix, what its advice comes to
	}{
		{name: "a download", rule: "arch-download", runs: true, text: "FROM BASE\nRUN wget -O /app URL/tool-linux-amd64\n"},
		{name: "ADD", rule: "arch-download", text: "FROM BASE\nADD URL/tool-linux-amd64 /app\n"},
		{name: "a variable", rule: "arch-variable", text: "FROM BASE\nARG ARCH=amd64\nADD URL/tool-linux-${ARCH} /app\n"},
		{name: "GOARCH", rule: "arch-target", runs: true, text: "FROM BASE\nRUN GOARCH=amd64 go build -o /app\n"},
		{name: "a compiler on the build machine", rule: "build-platform-result", text: "FROM --platform=$BUILDPLATFORM BASE AS build\nRUN go build -o /out/app\nFROM BASE\nCOPY --from=build /out/app /app\n"},
		{name: "a result of the build machine", rule: "build-platform-result", text: "FROM --platform=$BUILDPLATFORM BASE\nCOPY note /note\nCMD [\"/bin/sh\"]\n"},
		{name: "a pin", rule: "pinned-platform", text: "FROM --platform=linux/amd64 BASE\nCOPY note /note\nCMD [\"/bin/sh\"]\n"},
		// Not here: a default of ARG TARGETARCH, over which buildah's own value goes; with
		// BuildKit the default does.
		{name: "an argument that is not declared", rule: "undeclared-target-arg", text: "FROM BASE\nADD URL/tool-linux-${TARGETARCH} /app\n"},
		{name: "a digest of one platform", rule: "single-platform-digest", text: "FROM BASE@" + digest(t, amd64) + "\nCOPY note /note\nCMD [\"/bin/sh\"]\n"},
		{name: "a Java runtime", rule: "arch-path", runs: true, text: "FROM BASE\nENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64\nRUN cp $JAVA_HOME/bin/java /app\n"},
		{name: "a library", rule: "arch-path", runs: true, text: "FROM BASE\nRUN cp /usr/lib/x86_64-linux-gnu/libfoo.so /app\n"},
		{
			name: "a switch", rule: "incomplete-arch-switch", runs: true,
			text:  "FROM BASE\nRUN case \"$(uname -m)\" in x86_64) A=amd64 ;; *) exit 1 ;; esac; wget -O /app URL/tool-linux-$A\n",
			after: "FROM BASE\nRUN case \"$(uname -m)\" in x86_64) A=amd64 ;; aarch64) A=arm64 ;; *) exit 1 ;; esac; wget -O /app URL/tool-linux-$A\n",
		},
		{
			name: "a download that the build machine chooses", rule: "build-platform-result",
			text:  "FROM --platform=$BUILDPLATFORM BASE AS get\nRUN wget -O /out/app URL/tool-linux-$(dpkg --print-architecture)\nFROM BASE\nCOPY --from=get /out/app /app\n",
			after: "FROM --platform=$BUILDPLATFORM BASE AS get\nARG TARGETARCH\nRUN wget -O /out/app URL/tool-linux-${TARGETARCH}\nFROM BASE\nCOPY --from=get /out/app /app\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.runs && emulated != nil {
				t.Skipf("this machine cannot run programs for arm64: %v", emulated)
			}
			replace := strings.NewReplacer("BASE", host+"/toolbox:1", "URL", files.URL).Replace
			dir := repository(t, map[string]string{"Dockerfile": replace(test.text), "note": "x\n"})
			found := run(t, dir, nobody(t), file, "--fail-on", "never")
			if !strings.Contains(found.stdout, "["+test.rule+"]") {
				t.Fatalf("no %s:\n%s", test.rule, found)
			}
			if machine, err := build(t, storage, dir); err == nil && machine == elf.EM_AARCH64 {
				t.Errorf("the image is right, and archlint finds\n%s", found.stdout)
			}
			if test.after == "" {
				run(t, dir, nobody(t), file, "--unsafe-fixes", "--fail-on", "never")
			} else {
				write(t, dir, map[string]string{"Dockerfile": replace(test.after)})
			}
			text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
			if err != nil {
				t.Fatal(err)
			}
			if left := run(t, dir, nobody(t), file); left.code != 0 {
				t.Errorf("archlint is not content with what it made of it:\n%s\n%s", text, left)
			}
			machine, err := build(t, storage, dir)
			if err != nil || machine != elf.EM_AARCH64 {
				t.Errorf("%v, %v\n%s", machine, err, text)
			}
		})
	}
}

// build builds the Dockerfile of a directory for linux/arm64 and returns the machine
// that /app, or else /bin/sh, of the image is a program for.
func build(t *testing.T, storage, dir string) (elf.Machine, error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.tar")
	cmd := exec.CommandContext(t.Context(), "buildah", "--root", filepath.Join(storage, "root"), "--runroot", filepath.Join(storage, "run"), "--storage-driver", "vfs",
		"bud", "--isolation", "chroot", "--tls-verify=false", "--no-cache", "--platform", "linux/arm64",
		// buildah 1.28 takes the target for the machine that builds.
		"--build-arg", "BUILDPLATFORM=linux/"+runtime.GOARCH,
		"--output", "type=tar,dest="+out, dir)
	cmd.Env = append(os.Environ(), "HOME="+storage)
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, text)
	}
	f, err := os.Open(out)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	found := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if name := strings.TrimPrefix(h.Name, "./"); name == "app" || name == "bin/sh" {
			if found[name], err = io.ReadAll(r); err != nil {
				return 0, err
			}
		}
	}
	data, ok := found["app"]
	if !ok {
		data = found["bin/sh"]
	}
	executable, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return 0, err
	}
	return executable.Machine, nil
}
