package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const modulePath = "github.com/archlint/archlint"

func TestModuleCanBeInstalledByVersion(t *testing.T) {
	name := filepath.Join("..", "..", "go.mod")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse(name, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if file.Module.Mod.Path != modulePath {
		t.Errorf("the module is %s, want %s", file.Module.Mod.Path, modulePath)
	}
	// go install refuses modules with these.
	if len(file.Replace) > 0 || len(file.Exclude) > 0 {
		t.Errorf("go.mod has %d replace and %d exclude directives, want none", len(file.Replace), len(file.Exclude))
	}
}

func TestGoInstall(t *testing.T) {
	require(t, "go", "git")
	source := checkoutDir(t)

	// A module proxy, as a tree of files.
	proxy := t.TempDir()
	version := module.Version{Path: modulePath, Version: "v0.1.0-e2e"}
	gomod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(modulePath, "@v")
	write(t, proxy, map[string]string{
		filepath.Join(base, "list"):                  version.Version + "\n",
		filepath.Join(base, version.Version+".info"): `{"Version":"` + version.Version + `","Time":"2026-01-02T03:04:05Z"}`,
		filepath.Join(base, version.Version+".mod"):  string(gomod),
	})
	archive, err := os.Create(filepath.Join(proxy, base, version.Version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.CreateFromDir(archive, version, source); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}

	// What has been downloaded before is a proxy as well; it is not written to.
	settings := goEnv(t, "GOMODCACHE", "GOPROXY", "GOCACHE")
	cache, upstream := strings.TrimPrefix(settings[0], "GOMODCACHE="), strings.TrimPrefix(settings[1], "GOPROXY=")
	bin := t.TempDir()
	env := []string{
		settings[2], "GOBIN=" + bin, "GOMODCACHE=" + t.TempDir(), "GOFLAGS=-trimpath -modcacherw", "GOSUMDB=off", "GOWORK=off",
		"GOPROXY=file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(cache) + "/cache/download," + upstream,
	}
	dir := repository(t, map[string]string{"Dockerfile": bad})
	if got := run(t, dir, env, "go", "install", modulePath+"/cmd/archlint@"+version.Version); got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got)
	}
	got := run(t, dir, nil, filepath.Join(bin, "archlint"), "--offline")
	if got.code != 1 || !strings.Contains(got.stdout, "Dockerfile:2:") {
		t.Errorf("exit code %d, want 1 and the finding\n%s", got.code, got)
	}
	if got := run(t, dir, nil, filepath.Join(bin, "archlint"), "version"); !strings.HasPrefix(got.stdout, "archlint 0.1.0-e2e (") {
		t.Errorf("the version is not the one that was installed\n%s", got)
	}
}
