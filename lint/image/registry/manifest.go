package registry

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/archlint/archlint/lint/arch"
)

const (
	maxConfig  = 4 << 20 // bytes of an image configuration
	maxEntries = 1000    // of an index, and layers of an image
	maxKinds   = 100     // platforms of an index
)

// accept are the media types of manifests that are asked for: a registry that is
// asked for none answers 404 for an OCI index, or an old manifest with another digest.
var accept = strings.Join([]string{
	string(types.OCIImageIndex), string(types.DockerManifestList), string(types.OCIManifestSchema1), string(types.DockerManifestSchema2),
}, ", ")

// malformed is what a registry serves and cannot be read as an image.
type malformed string

func (m malformed) Error() string { return string(m) }

// manifest is what archlint needs of a manifest or index.
type manifest struct {
	index   bool
	entries []entry // of an index, attestations left out
	// The rest is of a single image.
	config    string // digest
	layers    []string
	platform  arch.Platform // of an old manifest, which names it itself
	described bool          // whether it does
}

// entry is one line of an index.
type entry struct {
	digest   string
	index    bool // another index
	platform arch.Platform
	known    bool // whether it names a platform
	silent   bool // whether its configuration is to name it
}

// descriptor is what counts of an entry of an index, a layer or a configuration.
type descriptor struct {
	MediaType    types.MediaType   `json:"mediaType"`
	Digest       v1.Hash           `json:"digest"`
	Size         int64             `json:"size"`
	Annotations  map[string]string `json:"annotations"`
	ArtifactType string            `json:"artifactType"`
	Platform     *struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
	} `json:"platform"`
}

// parseManifest reads what a registry serves. Its form says what it is; the media
// type, when the registry gave one, only whether it is meant as a manifest.
func parseManifest(mediaType string, body []byte) (*manifest, error) {
	var raw struct {
		SchemaVersion int                   `json:"schemaVersion"`
		MediaType     string                `json:"mediaType"`
		Manifests     list[descriptor]      `json:"manifests"`
		Config        *descriptor           `json:"config"`
		Layers        list[descriptor]      `json:"layers"`
		Architecture  string                `json:"architecture"`
		FSLayers      list[json.RawMessage] `json:"fsLayers"`
	}
	if mediaType, _, _ = strings.Cut(mediaType, ";"); mediaType != "" {
		// Some mirrors and proxies serve everything as text or JSON.
		if known := isManifest(strings.TrimSpace(mediaType)); !known {
			if err := json.Unmarshal(body, &raw); errors.Is(err, errTooLarge) {
				return nil, errTooLarge
			} else if err != nil || !isManifest(raw.MediaType) {
				return nil, malformed("what the registry serves is not an image")
			}
		}
	}
	switch err := json.Unmarshal(body, &raw); {
	case errors.Is(err, errTooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, malformed("what the registry serves cannot be read")
	}
	switch {
	case raw.Manifests != nil && (raw.Config != nil || raw.Layers != nil || raw.FSLayers != nil):
		return nil, malformed("what the registry serves is an index and an image at once")
	case raw.Manifests != nil:
		m := &manifest{index: true}
		for _, d := range raw.Manifests {
			if d.Annotations["vnd.docker.reference.type"] != "" || d.ArtifactType != "" && !isConfig(d.ArtifactType) {
				continue // an attestation, a signature
			}
			e := entry{digest: d.Digest.String(), index: d.MediaType.IsIndex()}
			if e.silent = d.Platform == nil && d.MediaType.IsImage(); d.Platform != nil {
				e.platform, e.known = platform(d.Platform.OS, d.Platform.Architecture, d.Platform.Variant)
			}
			m.entries = append(m.entries, e)
		}
		return m, nil
	case raw.Config != nil:
		switch {
		case !isConfig(string(raw.Config.MediaType)):
			return nil, malformed("what the registry serves is an artifact, not an image")
		case raw.Config.Size > maxConfig:
			return nil, errTooLarge
		}
		m := &manifest{config: raw.Config.Digest.String()}
		for _, l := range raw.Layers {
			m.layers = append(m.layers, l.Digest.String())
		}
		return m, nil
	case raw.SchemaVersion == 1 && raw.FSLayers != nil:
		m := &manifest{}
		if m.platform, m.described = platform("linux", raw.Architecture, ""); !m.described {
			return nil, malformed("the manifest, in an old format, names no platform")
		}
		return m, nil
	}
	return nil, malformed("what the registry serves is not an image")
}

// list is a list of at most maxEntries. It is counted before it is read: "{}," in a
// body comes to fifty times its size in memory.
type list[T any] []T

// UnmarshalJSON reads the list.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	depth, commas, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 1:
			commas++
		}
	}
	if commas >= maxEntries {
		return errTooLarge
	}
	return json.Unmarshal(data, (*[]T)(l))
}

func isManifest(mediaType string) bool {
	t := types.MediaType(mediaType)
	return t.IsIndex() || t.IsImage() || t == types.DockerManifestSchema1 || t == types.DockerManifestSchema1Signed
}

// isConfig tells images from Helm charts, signatures and other artifacts.
func isConfig(mediaType string) bool {
	return mediaType == "" || mediaType == string(types.OCIConfigJSON) || mediaType == string(types.DockerConfigJSON)
}

// parseConfig reads the platform out of an image's configuration, the only place
// where a single image names it.
func parseConfig(body []byte) (arch.Platform, error) {
	var config struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
	}
	if err := json.Unmarshal(body, &config); err != nil {
		return arch.Platform{}, malformed("the image's configuration cannot be read")
	}
	p, ok := platform(config.OS, config.Architecture, config.Variant)
	if !ok {
		return arch.Platform{}, malformed("the image's configuration names no platform")
	}
	return p, nil
}

// word is what an operating system, architecture or variant may be called: it gets
// into reports and locks.
var word = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,31}$`)

// platform returns the platform that a registry names, false for none. Like
// containerd it takes x86_64 for amd64.
func platform(os, architecture, variant string) (arch.Platform, bool) {
	for _, s := range []string{os, architecture} {
		if s == "unknown" || !word.MatchString(s) {
			return arch.Platform{}, false
		}
	}
	if variant != "" && !word.MatchString(variant) {
		return arch.Platform{}, false
	}
	p := arch.Platform{OS: os, Architecture: architecture, Variant: variant}
	if known, err := arch.Parse(p.String()); err == nil {
		return known, true
	}
	return p.Normalize(), true
}
