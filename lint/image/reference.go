package image

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// maxReference bounds the references that are looked at, in bytes; registries
// allow some 255 for the name, 128 for the tag and a digest.
const maxReference = 1024

// Reference is an image reference in its parts.
type Reference struct {
	Registry   string // "docker.io", "localhost:5000"
	Repository string // "library/nginx"
	Tag        string // "latest" if there is neither a tag nor a digest
	Digest     string // "sha256:…", "" if there is none; it counts, not the tag beside it
}

// Parse reads a reference as docker does: without a registry it is on docker.io,
// without a namespace there in library, without a tag latest.
func Parse(reference string) (Reference, error) {
	if len(reference) > maxReference {
		return Reference{}, fmt.Errorf("image reference of %d bytes is too long", len(reference))
	}
	base, digest, pinned := strings.Cut(reference, "@")
	if pinned {
		if _, err := name.NewDigest(reference, name.WeakValidation); err != nil {
			return Reference{}, fmt.Errorf("%q is not an image reference", reference)
		}
	}
	tag, err := name.NewTag(base, name.WeakValidation)
	if err != nil {
		return Reference{}, fmt.Errorf("%q is not an image reference", reference)
	}
	// ggcr is lenient here: "/", "-" and "https://x/y" are repositories to it.
	for component := range strings.SplitSeq(tag.RepositoryStr(), "/") {
		if component == "" || separator(component[0]) || separator(component[len(component)-1]) {
			return Reference{}, fmt.Errorf("%q is not an image reference", reference)
		}
	}
	r := Reference{Registry: tag.RegistryStr(), Repository: tag.RepositoryStr(), Tag: tag.TagStr(), Digest: digest}
	switch r.Registry {
	case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		r.Registry = "docker.io"
		if !strings.Contains(r.Repository, "/") {
			r.Repository = "library/" + r.Repository
		}
	}
	if pinned && !strings.HasSuffix(base, ":"+r.Tag) {
		r.Tag = "" // the one that NewTag filled in
	}
	return r, nil
}

// String returns the reference in full: docker.io/library/nginx:latest.
func (r Reference) String() string { return r.write(r.Registry + "/" + r.Repository) }

// Familiar returns the reference as people write it: nginx:latest.
func (r Reference) Familiar() string {
	repository := r.Registry + "/" + r.Repository
	if r.Registry == "docker.io" {
		repository = strings.TrimPrefix(r.Repository, "library/")
	}
	return r.write(repository)
}

func (r Reference) write(repository string) string {
	if r.Tag != "" {
		repository += ":" + r.Tag
	}
	if r.Digest != "" {
		repository += "@" + r.Digest
	}
	return repository
}

// IsWindows reports whether a reference, by its name or tag, is one of an image
// for Windows: Microsoft's base images and what says windowsservercore or
// nanoserver.
func IsWindows(reference string) bool {
	r, err := Parse(reference)
	if err != nil {
		return false
	}
	if r.Registry == "mcr.microsoft.com" && (strings.HasPrefix(r.Repository, "windows/") || r.Repository == "windows" ||
		strings.HasPrefix(r.Repository, "dotnet/framework/")) {
		return true
	}
	if r.Registry == "docker.io" && (r.Repository == "microsoft/windowsservercore" || r.Repository == "microsoft/nanoserver") {
		return true
	}
	for _, part := range strings.FieldsFunc(strings.ToLower(r.Repository+"/"+r.Tag), func(c rune) bool { return strings.ContainsRune("/-_.:", c) }) {
		if strings.HasPrefix(part, "windowsservercore") || strings.HasPrefix(part, "nanoserver") || part == "servercore" {
			return true
		}
	}
	return false
}
