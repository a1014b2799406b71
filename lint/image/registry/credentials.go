package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// helperTimeout is for one call of a credential helper.
const helperTimeout = 10 * time.Second

// userKeychain finds the credentials of the user: those of docker's configuration
// and its helpers, then those of Podman, which may be narrower than a registry
// ("quay.io/team"). Files are read once, and helpers run once for a registry, for
// a run asks for hundreds of repositories.
//
// ggcr's own keychain reads Podman's file only where docker has none, knows
// nothing of its narrower entries, and runs a helper for each repository.
type userKeychain struct {
	once  sync.Once
	files []*configfile.ConfigFile

	mu    sync.Mutex
	hosts map[string]*hostCredentials
}

type hostCredentials struct {
	once sync.Once
	auth authn.Authenticator
}

// NewKeychain returns the keychain of the user who runs the program.
func NewKeychain() authn.Keychain { return &userKeychain{hosts: map[string]*hostCredentials{}} }

// Resolve returns the credentials for a registry or repository. What cannot be
// read is no credential: the registry will say that some are needed.
func (k *userKeychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	k.once.Do(func() { k.files = credentialFiles() })
	registry := target.RegistryStr()
	for _, file := range k.files {
		// The most specific entry first. Helpers know whole registries only.
		for key := target.String(); len(key) > len(registry); key = key[:strings.LastIndexByte(key, '/')] {
			if entry, ok := file.AuthConfigs[strings.Replace(key, name.DefaultRegistry, "docker.io", 1)]; ok {
				return authn.FromConfig(authConfig(entry)), nil
			}
		}
	}
	k.mu.Lock()
	h := k.hosts[registry]
	if h == nil {
		h = &hostCredentials{auth: authn.Anonymous}
		k.hosts[registry] = h
	}
	k.mu.Unlock()
	h.once.Do(func() {
		for _, file := range k.files {
			for _, key := range keysOf(registry) {
				if c, ok := fromFile(file, key); ok {
					h.auth = authn.FromConfig(c)
					return
				}
			}
		}
	})
	return h.auth, nil
}

// authConfig is an entry of a file in ggcr's form. The address is no credential.
func authConfig(a types.AuthConfig) authn.AuthConfig {
	return authn.AuthConfig{
		Username: a.Username, Password: a.Password, Auth: a.Auth,
		IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
	}
}

// keysOf are the names under which the credentials of a registry are kept.
func keysOf(registry string) []string {
	if registry == name.DefaultRegistry {
		return []string{authn.DefaultAuthKey, "docker.io", "registry-1.docker.io"}
	}
	return []string{registry}
}

// fromFile asks a file or the helper that it names. A helper that hangs is left
// behind.
func fromFile(file *configfile.ConfigFile, key string) (authn.AuthConfig, bool) {
	if file.CredentialsStore == "" && file.CredentialHelpers[key] == "" {
		// docker takes an entry for a part of a registry for one of the whole.
		for _, k := range []string{key, "https://" + key, "https://" + key + "/", "https://" + key + "/v1/", "https://" + key + "/v2/", "http://" + key} {
			if entry, ok := file.AuthConfigs[k]; ok {
				return authConfig(entry), true
			}
		}
		return authn.AuthConfig{}, false
	}
	found := make(chan authn.AuthConfig, 1)
	go func() {
		entry, err := file.GetAuthConfig(key)
		if err != nil {
			found <- authn.AuthConfig{}
			return
		}
		found <- authConfig(entry)
	}()
	select {
	case c := <-found:
		return c, c != authn.AuthConfig{}
	case <-time.After(helperTimeout):
		return authn.AuthConfig{}, false
	}
}

// credentialFiles reads the files of docker and of Podman that are there.
func credentialFiles() []*configfile.ConfigFile {
	home, _ := os.UserHomeDir()
	below := func(dir string, rest ...string) string {
		if dir == "" {
			return ""
		}
		return filepath.Join(append([]string{dir}, rest...)...)
	}
	docker := below(os.Getenv("DOCKER_CONFIG"), config.ConfigFileName)
	if docker == "" {
		docker = below(home, ".docker", config.ConfigFileName)
	}
	candidates := []string{
		docker,
		os.Getenv("REGISTRY_AUTH_FILE"),
		below(os.Getenv("XDG_RUNTIME_DIR"), "containers", "auth.json"),
		below(os.Getenv("XDG_CONFIG_HOME"), "containers", "auth.json"),
		below(home, ".config", "containers", "auth.json"),
	}
	var files []*configfile.ConfigFile
	for _, path := range candidates {
		if path == "" {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		file, err := config.LoadFromReader(f)
		f.Close()
		if err != nil {
			continue
		}
		files = append(files, file)
	}
	return files
}

// cloud are the registries of clouds and the helpers that get credentials from the
// cloud's own login. They are asked only where a registry refuses to answer
// without, and only for hosts that nobody but the cloud can have.
var cloud = []cloudRegistry{
	{regexp.MustCompile(`^[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)$`), []string{"ecr-login"}},
	{regexp.MustCompile(`^(([a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$`), []string{"gcr", "gcloud"}},
	{regexp.MustCompile(`^[a-z0-9]+\.azurecr\.(io|cn|us)$`), []string{"acr-env"}},
}

type cloudRegistry struct {
	host    *regexp.Regexp
	helpers []string
}

// cloudCredentials runs the helper of a cloud's registry, if it is installed.
func cloudCredentials(ctx context.Context, registry string) (authn.Authenticator, bool) {
	for _, c := range cloud {
		if !c.host.MatchString(registry) {
			continue
		}
		for _, helper := range c.helpers {
			path, err := exec.LookPath("docker-credential-" + helper)
			if err != nil {
				continue
			}
			if auth, err := runHelper(ctx, path, registry); err == nil {
				return auth, true
			}
		}
	}
	return nil, false
}

// runHelper speaks the protocol of docker's credential helpers.
func runHelper(ctx context.Context, path, registry string) (authn.Authenticator, error) {
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "get")
	cmd.WaitDelay = time.Second
	cmd.Stdin = strings.NewReader(registry)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	var answer struct{ Username, Secret string }
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return nil, err
	}
	switch {
	case answer.Secret == "":
		return nil, errors.New("no credentials")
	case answer.Username == "<token>":
		return authn.FromConfig(authn.AuthConfig{IdentityToken: answer.Secret}), nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: answer.Username, Password: answer.Secret}), nil
}
