package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// releases serves files as github.com, to which the curl of the script is led by its
// own configuration. It returns that configuration's directory, and what was asked for.
func releases(t *testing.T, files map[string][]byte) (curl string, asked func() []string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "github.com"}, DNSNames: []string{"github.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var lock sync.Mutex
	var paths []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		paths = append(paths, r.Host+r.URL.Path)
		lock.Unlock()
		data, ok := files[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
		case strings.HasPrefix(string(data), "redirect "):
			http.Redirect(w, r, strings.TrimPrefix(string(data), "redirect "), http.StatusFound)
		default:
			w.Write(data)
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)

	dir := t.TempDir()
	address := server.Listener.Addr().(*net.TCPAddr)
	write(t, dir, map[string]string{
		"ca.pem":  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})),
		".curlrc": fmt.Sprintf("connect-to = \"github.com:443:127.0.0.1:%d\"\ncacert = %q\nnoproxy = \"*\"\n", address.Port, filepath.Join(dir, "ca.pem")),
	})
	return dir, func() []string {
		lock.Lock()
		defer lock.Unlock()
		return paths
	}
}

// packed returns an archive as a release has it, with one program.
func packed(t *testing.T, name, program string) []byte {
	t.Helper()
	var data bytes.Buffer
	gz := gzip.NewWriter(&data)
	archive := tar.NewWriter(gz)
	for _, file := range []struct{ name, text string }{{"LICENSE", "MIT"}, {name, program}} {
		if err := archive.WriteHeader(&tar.Header{Name: file.name, Mode: 0o755, Size: int64(len(file.text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(file.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// fakeGh stands in for GitHub's own tool, which verifies attestations over the network.
const fakeGh = `#!/bin/sh
case " $* " in
*" --help "*) exit "${FAKE_GH_OLD:-0}" ;;
esac
printf 'gh %s\n' "$1 $2 ${3##*/} $4 $5 $6 $7" >>"$FAKE_LOG"
exit "${FAKE_GH_EXIT:-0}"
`

func TestActionDownloadsReleases(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	const (
		at   = "/archlint/archlint/releases/"
		name = "archlint_1.2.3_linux_arm64.tar.gz"
		gh   = "gh attestation verify " + name + " --repo archlint/archlint --signer-workflow archlint/archlint/.github/workflows/release.yml\n"
	)
	archive := packed(t, "archlint", "#!/bin/sh\nprintf 'released %s\\n' \"token=$GH_TOKEN\" >>\"$FAKE_LOG\"\n")
	sums := fmt.Appendf(nil, "%x  archlint_1.2.3_darwin_arm64.tar.gz\n%x  %s\n%x  archlint_1.2.3_linux_arm64.deb\n", sha256.Sum256(nil), sha256.Sum256(archive), name, sha256.Sum256(nil))
	whole := map[string][]byte{at + "download/v1.2.3/checksums.txt": sums, at + "download/v1.2.3/" + name: archive}
	with := func(more map[string][]byte) map[string][]byte {
		files := map[string][]byte{}
		for _, set := range []map[string][]byte{whole, more} {
			for name, data := range set {
				files[name] = data
			}
		}
		return files
	}
	tests := map[string]struct {
		files map[string][]byte
		env   []string
		log   string // what the released program and gh wrote
		built bool   // from source, in place of it
		says  string
		asked []string
	}{
		"a version": {
			files: whole, env: []string{"ARCHLINT_VERSION=v1.2.3"}, log: "released token=\n",
			says:  "archlint v1.2.3, as it was released",
			asked: []string{"github.com" + at + "download/v1.2.3/checksums.txt", "github.com" + at + "download/v1.2.3/" + name},
		},
		"the latest": {
			files: with(map[string][]byte{at + "latest/download/checksums.txt": []byte("redirect https://github.com" + at + "download/v1.2.3/checksums.txt")}),
			env:   []string{"ARCHLINT_VERSION=latest"}, log: "released token=\n", says: "archlint v1.2.3, as it was released",
		},
		"with an attestation": {
			files: whole, env: []string{"ARCHLINT_VERSION=v1.2.3", "GH_TOKEN=secret"}, log: gh + "released token=\n", says: "archlint v1.2.3, as it was released",
		},
		"with a gh that knows none": {
			files: whole, env: []string{"ARCHLINT_VERSION=v1.2.3", "GH_TOKEN=secret", "FAKE_GH_OLD=1"}, log: "released token=\n", says: "the attestation is not verified",
		},
		"with a token of another server": {
			files: whole, env: []string{"ARCHLINT_VERSION=v1.2.3", "GH_TOKEN=secret", "GITHUB_SERVER_URL=https://github.example.com"},
			log: "released token=\n", says: "the attestation is not verified",
		},
		"an attestation of somebody else": {
			files: whole, env: []string{"ARCHLINT_VERSION=v1.2.3", "GH_TOKEN=secret", "FAKE_GH_EXIT=1"}, log: gh, built: true,
			says: "::warning title=archlint::The attestation of " + name + " could not be verified",
		},
		"another archive than the checksum is of": {
			files: with(map[string][]byte{at + "download/v1.2.3/" + name: packed(t, "archlint", "#!/bin/sh\necho evil >>\"$FAKE_LOG\"\n")}),
			env:   []string{"ARCHLINT_VERSION=v1.2.3"}, built: true, says: "::warning title=archlint::The checksum of " + name + " is not",
		},
		"an archive over http": {
			files: with(map[string][]byte{at + "download/v1.2.3/" + name: []byte("redirect http://github.com/" + name)}),
			env:   []string{"ARCHLINT_VERSION=v1.2.3"}, built: true,
		},
		"no archive for the machine": {
			files: whole, env: []string{"ARCHLINT_VERSION=v1.2.3", "RUNNER_ARCH=X64"}, built: true, says: "the release has no archive for linux/amd64",
		},
		"a machine that releases know nothing of": {
			files: whole, env: []string{"ARCHLINT_VERSION=v1.2.3", "RUNNER_ARCH=S390X"}, built: true, says: "there is no release for S390X", asked: []string{},
		},
		"no such release": {
			files: whole, env: []string{"ARCHLINT_VERSION=v1.2.4"}, built: true, asked: []string{"github.com" + at + "download/v1.2.4/checksums.txt"},
		},
		"checksums of another release": {
			files: with(map[string][]byte{at + "download/v1.2.4/checksums.txt": sums}),
			env:   []string{"ARCHLINT_VERSION=v1.2.4"}, built: true, says: "the release has no archive",
		},
		"an archive without the program": {
			files: with(map[string][]byte{
				at + "download/v1.2.3/checksums.txt": fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(packed(t, "../archlint", "")), name),
				at + "download/v1.2.3/" + name:       packed(t, "../archlint", ""),
			}),
			env: []string{"ARCHLINT_VERSION=v1.2.3"}, built: true,
		},
		"a branch":              {files: whole, env: []string{"ARCHLINT_VERSION=main"}, built: true, asked: []string{}},
		"a version in a folder": {files: whole, env: []string{"ARCHLINT_VERSION=v1.2.3-../../x"}, asked: []string{}},
	}
	for label, test := range tests {
		t.Run(label, func(t *testing.T) {
			curl, asked := releases(t, test.files)
			programs := t.TempDir()
			write(t, programs, map[string]string{"gh": fakeGh})
			if err := os.Chmod(filepath.Join(programs, "gh"), 0o755); err != nil {
				t.Fatal(err)
			}
			env := append([]string{
				"CURL_HOME=" + curl, "HOME=" + curl, "RUNNER_OS=Linux", "RUNNER_ARCH=ARM64", "GITHUB_SERVER_URL=https://github.com", "GH_TOKEN=",
				"ARCHLINT_TEST_PATH=" + programs,
			}, test.env...)
			got, log, _ := script(t, t.TempDir(), env...)
			var released string
			for line := range strings.Lines(log) {
				if strings.HasPrefix(line, "gh ") || strings.HasPrefix(line, "released ") || strings.HasPrefix(line, "evil") {
					released += line
				}
			}
			if diff := cmp.Diff(test.log, released); diff != "" {
				t.Errorf("%s\n%s", diff, got)
			}
			if built := len(arguments(log)) > 0; built != test.built {
				t.Errorf("built from source: %t\n%s", built, got)
			}
			if !strings.Contains(got.stdout, test.says) {
				t.Errorf("%q is not said:\n%s", test.says, got)
			}
			if test.asked != nil {
				if diff := cmp.Diff(test.asked, append([]string{}, asked()...)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
