package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// startRegistry runs the real registry, distribution's, on this machine and returns
// its host. What auth says goes into its configuration.
func startRegistry(t *testing.T, auth string) string {
	t.Helper()
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {cache: {blobdescriptor: inmemory}, filesystem: {rootdirectory: %s}}\nhttp: {addr: %s}\n%s", dir, address, auth)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("docker-registry", "serve", config)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 100 {
		response, err := http.Get("http://" + address + "/v2/")
		if err == nil {
			response.Body.Close()
			return strings.Replace(address, "127.0.0.1", "localhost", 1)
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	t.Fatalf("the registry does not answer:\n%s", log.String())
	return ""
}

// tokenServer gives tokens as the registry wants them: everything to the user me
// with the password secret, and to anybody the right to pull below public/.
func tokenServer(t *testing.T) (auth string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o644); err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		return encode(text)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, given := r.BasicAuth()
		if given && (user != "me" || password != "secret") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		type access struct {
			Type    string   `json:"type"`
			Name    string   `json:"name"`
			Actions []string `json:"actions"`
		}
		granted := []access{}
		for _, scope := range r.URL.Query()["scope"] {
			parts := strings.Split(scope, ":")
			switch {
			case len(parts) != 3:
			case given:
				granted = append(granted, access{parts[0], parts[1], strings.Split(parts[2], ",")})
			case strings.HasPrefix(parts[1], "public/"):
				granted = append(granted, access{parts[0], parts[1], []string{"pull"}})
			}
		}
		now := time.Now().Unix()
		signed := part(map[string]any{"typ": "JWT", "alg": "RS256", "x5c": []string{base64.StdEncoding.EncodeToString(certificate)}}) + "." +
			part(map[string]any{"iss": "test", "aud": "test", "sub": user, "nbf": now - 60, "iat": now, "exp": now + 300, "jti": "1", "access": granted})
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"token": signed + "." + encode(signature)})
	}))
	t.Cleanup(s.Close)
	realm := strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/token"
	return fmt.Sprintf("auth: {token: {realm: '%s', service: test, issuer: test, rootcertbundle: %s}}\n", realm, bundle)
}

// htpasswd lets in the user me with the password secret.
func htpasswd(t *testing.T) (auth string) {
	t.Helper()
	text, err := exec.Command("htpasswd", "-Bbn", "me", "secret").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("auth: {htpasswd: {realm: test, path: %s}}\n", file)
}

// machine is an image with a layer of its own for a platform.
func machine(t *testing.T, platform string) v1.Image {
	t.Helper()
	img, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = p.OS, p.Architecture, p.Variant
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

// listed is an entry of an index.
func listed(t *testing.T, img v1.Image, platform string) mutate.IndexAddendum {
	t.Helper()
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		t.Fatal(err)
	}
	return mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: p}}
}

func attestation(t *testing.T) mutate.IndexAddendum {
	t.Helper()
	a := listed(t, machine(t, "unknown/unknown"), "unknown/unknown")
	a.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest"}
	return a
}

func digest(t *testing.T, what interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	h, err := what.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// pushed are the images that the tests look at, by repository and tag.
func pushed(t *testing.T, host string) map[string]remote.Taggable {
	t.Helper()
	amd64, arm64 := machine(t, "linux/amd64"), machine(t, "linux/arm64/v8")
	list := func(img v1.ImageIndex) v1.ImageIndex {
		return mutate.IndexMediaType(img, types.DockerManifestList)
	}
	images := map[string]remote.Taggable{
		"public/multi:1":     mutate.AppendManifests(empty.Index, listed(t, amd64, "linux/amd64"), listed(t, arm64, "linux/arm64/v8"), attestation(t)),
		"public/list:1":      list(mutate.AppendManifests(empty.Index, listed(t, machine(t, "linux/amd64"), "linux/amd64"), listed(t, machine(t, "linux/arm/v7"), "linux/arm/v7"))),
		"public/attested:1":  mutate.AppendManifests(empty.Index, listed(t, machine(t, "linux/amd64"), "linux/amd64"), attestation(t)),
		"public/nested:1":    mutate.AppendManifests(empty.Index, listed(t, machine(t, "linux/amd64"), "linux/amd64"), mutate.IndexAddendum{Add: mutate.AppendManifests(empty.Index, listed(t, machine(t, "linux/arm64"), "linux/arm64"))}),
		"public/single:1":    machine(t, "linux/amd64"),
		"public/single:oci":  mutate.ConfigMediaType(mutate.MediaType(machine(t, "linux/arm64"), types.OCIManifestSchema1), types.OCIConfigJSON),
		"public/chart:1":     mutate.ConfigMediaType(mutate.MediaType(machine(t, "linux/arm64"), types.OCIManifestSchema1), "application/vnd.cncf.helm.config.v1+json"),
		"team/private:1":     mutate.AppendManifests(empty.Index, listed(t, amd64, "linux/amd64"), listed(t, arm64, "linux/arm64/v8")),
		"team/private/sub:1": machine(t, "linux/arm64"),
	}
	for reference, what := range images {
		push(t, host+"/"+reference, what)
	}
	return images
}

func push(t *testing.T, reference string, what remote.Taggable) {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	auth := remote.WithAuth(&authn.Basic{Username: "me", Password: "secret"})
	switch what := what.(type) {
	case v1.ImageIndex:
		err = remote.WriteIndex(ref, what, auth)
	case v1.Image:
		err = remote.Write(ref, what, auth)
	default:
		t.Fatalf("%s: %T", reference, what)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// imagesReport is what archlint images --format json writes.
type imagesReport struct {
	Images []struct {
		Written   string   `json:"written"`
		Status    string   `json:"status"`
		Platforms []string `json:"platforms"`
		Missing   []string `json:"missing"`
		Source    string   `json:"source"`
		Reason    string   `json:"reason"`
	} `json:"images"`
}

// images runs archlint images and returns, for each image, its platforms and their
// source, or the reason why they are not known.
func images(t *testing.T, dir string, env []string, args ...string) map[string]string {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	out := run(t, dir, env, file, append([]string{"images", "--format", "json"}, args...)...)
	if out.code != 0 {
		t.Fatal(out)
	}
	if strings.Contains(out.String(), "secret") {
		t.Errorf("a password is printed: %s", out)
	}
	var report imagesReport
	if err := json.Unmarshal([]byte(out.stdout), &report); err != nil {
		t.Fatal(err, out)
	}
	got := map[string]string{}
	for _, i := range report.Images {
		_, rest, _ := strings.Cut(i.Written, "/")
		got[rest] = i.Reason
		if i.Status == "known" {
			got[rest] = i.Source + ": " + strings.Join(i.Platforms, " ")
		}
	}
	return got
}

// credentials write a docker configuration and return the variable that names it.
func credentials(t *testing.T, host, password string) string {
	t.Helper()
	dir := t.TempDir()
	auth := base64.StdEncoding.EncodeToString([]byte("me:" + password))
	write(t, dir, map[string]string{"config.json": fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, auth)})
	return "DOCKER_CONFIG=" + dir
}

// nobody is the environment of a user without credentials and without a cache.
func nobody(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return []string{"HOME=" + home, "XDG_CACHE_HOME=" + home, "DOCKER_CONFIG=", "REGISTRY_AUTH_FILE=", "XDG_RUNTIME_DIR=", "XDG_CONFIG_HOME="}
}

func TestRegistries(t *testing.T) {
	require(t, "docker-registry", "htpasswd", "git")
	for _, kind := range []string{"open", "password", "token"} {
		t.Run(kind, func(t *testing.T) {
			auth := map[string]func(*testing.T) string{"open": func(*testing.T) string { return "" }, "password": htpasswd, "token": tokenServer}[kind](t)
			host := startRegistry(t, auth)
			all := pushed(t, host)
			index, err := all["public/multi:1"].(v1.ImageIndex).IndexManifest()
			if err != nil {
				t.Fatal(err)
			}
			child := index.Manifests[0].Digest.String()
			references := slices.Sorted(func(yield func(string) bool) {
				for r := range all {
					if !yield(r) {
						return
					}
				}
			})
			references = append(references, "public/multi@"+child, "public/multi:1@"+child, "public/multi@"+digest(t, all["public/multi:1"].(v1.ImageIndex)), "public/gone:1", "public/multi:gone")
			var compose strings.Builder
			compose.WriteString("services:\n")
			for i, r := range references {
				fmt.Fprintf(&compose, "  s%d:\n    image: %s/%s\n", i, host, r)
			}
			dir := repository(t, map[string]string{"compose.yaml": compose.String()})

			const refused = "unauthorised"
			public := map[string]string{
				"public/multi:1":          "registry: linux/amd64 linux/arm64",
				"public/list:1":           "registry: linux/amd64 linux/arm/v7",
				"public/attested:1":       "registry: linux/amd64",
				"public/nested:1":         "registry: linux/amd64 linux/arm64",
				"public/single:1":         "registry: linux/amd64",
				"public/single:oci":       "registry: linux/arm64",
				"public/chart:1":          "malformed",
				"public/gone:1":           "not-found",
				"public/multi:gone":       "not-found",
				"public/multi@" + child:   "registry: linux/amd64",
				"public/multi:1@" + child: "registry: linux/amd64",
				"public/multi@" + digest(t, all["public/multi:1"].(v1.ImageIndex)): "registry: linux/amd64 linux/arm64",
			}
			everything := map[string]string{"team/private:1": "registry: linux/amd64 linux/arm64", "team/private/sub:1": "registry: linux/arm64"}
			nothing := map[string]string{}
			for r, a := range public {
				everything[r] = a
				nothing[r] = refused
			}
			nothing["team/private:1"], nothing["team/private/sub:1"] = refused, refused

			anonymous := map[string]map[string]string{"open": everything, "password": nothing, "token": public}[kind]
			if kind == "token" {
				anonymous["team/private:1"], anonymous["team/private/sub:1"] = refused, refused
			}
			compare := func(who string, want, got map[string]string) {
				t.Helper()
				for r, a := range got {
					// The detail follows the reason.
					if before, _, ok := strings.Cut(a, ":"); ok && !strings.Contains(a, "linux/") {
						got[r] = before
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", who, diff)
				}
			}
			compare("nobody", anonymous, images(t, dir, nobody(t)))
			if kind == "open" {
				return
			}
			docker := append(nobody(t), credentials(t, host, "secret"))
			compare("docker's user", everything, images(t, dir, docker))
			cached := images(t, dir, docker)
			for r, a := range everything {
				if strings.HasPrefix(a, "registry") && cached[r] != strings.Replace(a, "registry", "cache", 1) {
					t.Errorf("again: %s: %s", r, cached[r])
				}
			}
			file := filepath.Join(strings.TrimPrefix(credentials(t, host+"/team/private", "secret"), "DOCKER_CONFIG="), "config.json")
			podman := map[string]string{}
			for r, a := range anonymous {
				podman[r] = a
			}
			podman["team/private:1"], podman["team/private/sub:1"] = everything["team/private:1"], everything["team/private/sub:1"]
			compare("Podman's user of one namespace", podman, images(t, dir, append(nobody(t), "REGISTRY_AUTH_FILE="+file)))
			compare("a wrong password", nothing, images(t, dir, append(nobody(t), credentials(t, host, "wrong"))))
		})
	}
}

// TestLock goes the way of a team: lock, lint without the registry, notice what an
// image has lost.
func TestLock(t *testing.T) {
	require(t, "docker-registry", "git")
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	host := startRegistry(t, "")
	pushed(t, host)
	dir := repository(t, map[string]string{
		"Dockerfile":   "FROM " + host + "/public/multi:1\nRUN true\n",
		"compose.yaml": "services:\n  a:\n    image: " + host + "/public/single:1\n",
	})
	env := nobody(t)
	if out := run(t, dir, env, file, "lock"); out.code != 0 {
		t.Fatal(out)
	}
	text, err := os.ReadFile(filepath.Join(dir, ".archlint.lock"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{host + "/public/multi:1:", "digest: sha256:", "platforms: [linux/amd64, linux/arm64]", time.Now().UTC().Format("2006-")} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	// Without the network and without the cache.
	out := run(t, dir, append(nobody(t), "HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1"), file, "--offline", "--cache-dir=", "--quiet")
	if out.code != 1 || !strings.Contains(out.stdout, "public/single:1 does not exist for linux/arm64") || strings.Contains(out.stdout, "multi") {
		t.Error(out)
	}
	if out := run(t, dir, env, file, "lock", "--check"); out.code != 0 {
		t.Error(out)
	}
	push(t, host+"/public/multi:1", machine(t, "linux/amd64"))
	out = run(t, dir, nobody(t), file, "lock", "--check")
	if out.code != 1 || !strings.Contains(out.stdout, host+"/public/multi:1 lost linux/arm64") {
		t.Error(out)
	}
	if again, err := os.ReadFile(filepath.Join(dir, ".archlint.lock")); err != nil || string(again) != string(text) {
		t.Errorf("the check has written the lock: %v", err)
	}
}

// TestProxy checks that registries are asked by way of the proxy of the environment.
func TestProxy(t *testing.T) {
	require(t, "git")
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 100)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	dir := repository(t, map[string]string{"Dockerfile": "FROM registry.example.com/a:1\n"})
	run(t, dir, append(nobody(t), "HTTPS_PROXY="+proxy.URL, "https_proxy="+proxy.URL, "NO_PROXY=", "no_proxy="), file)
	close(asked)
	if first := <-asked; first != "CONNECT registry.example.com:443" {
		t.Errorf("the proxy was asked %q", first)
	}
}
