package image

import "fmt"

// Remedy says what would make the platforms of an image known, one sentence
// without a final stop.
func Remedy(r Reference, a Answer) string {
	host := r.Registry
	if host == "docker.io" {
		host = "" // docker login's default
	} else {
		host = " " + host
	}
	tell := "say what it has under images: in .archlint.yaml"
	switch a.Reason {
	case NotFound:
		return "check its name and tag; if it is built elsewhere before it is used, " + tell
	case Unauthorised:
		return fmt.Sprintf("check its name, or log in with docker login%s or podman login%s, whose credentials archlint uses; or %s", host, host, tell)
	case RateLimited:
		return fmt.Sprintf("try again later, log in with docker login%s, name a mirror under registries: in .archlint.yaml, or commit what archlint lock writes", host)
	case Unreachable:
		return "try again when the registry can be reached, or commit what archlint lock writes; if it cannot be reached from here, " + tell
	case Refused:
		return "see registries: in .archlint.yaml for which registries are asked and how often; or " + tell
	case TooLarge, Malformed:
		return "look at what is there with docker buildx imagetools inspect; if it is right, " + tell
	case Offline:
		return "run archlint without --offline, or archlint lock once and commit what it writes; or " + tell
	case Invalid:
		return "write it as [REGISTRY/]REPOSITORY[:TAG][@DIGEST], in lower case"
	}
	return tell
}
