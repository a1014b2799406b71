// Package image answers the question which platforms an image has.
//
// The answer is three-valued: a set of platforms with its provenance, or unknown
// with the reason. A refused, failed or unanswered request is never taken for a
// missing platform. This package works without a network; the registry client
// is in lint/image/registry and is handed in as a [Source].
package image

import (
	"time"

	"github.com/archlint/archlint/lint/arch"
)

// Answer is what is known about the platforms of one image reference.
type Answer struct {
	// Known is true if Platforms is the answer; otherwise Reason says why there
	// is none.
	Known     bool
	Platforms arch.Set
	// Covers are the platforms that the answer speaks of, when it does not speak of
	// all: container software is known in the catalogue for amd64 and arm64 only,
	// and its silence on s390x proves nothing. See [Answer.Missing].
	Covers arch.Set
	// Provenance says where the answer comes from.
	Provenance Provenance
	AsOf       time.Time // when that was true; zero when it is not dated
	Digest     string    // of the index or manifest that was seen, "" if none
	// Single is true if what was seen is the manifest of one image, not an index.
	Single bool
	// Tagged is what the tag beside a digest stands for. It is asked only where the
	// digest is that of a single manifest, for the digest alone counts; nil if it
	// was not asked or not learnt.
	Tagged *Tagged
	// Contradictions are the platforms that the index names and its manifests
	// disprove or make doubtful.
	Contradictions []Contradiction
	// Guess is true if the answer was inferred from the image's other tags.
	Guess bool
	// Since is, per platform (as a string) that is missing, the first version
	// that has it, when known.
	Since map[string]string
	// Advice is what to use instead, one sentence, when known.
	Advice string
	// Reference is the source of a catalogue fact, for people.
	Reference string

	Reason Reason // of an unknown answer
	Detail string // of an unknown answer: one line, nothing secret in it
}

// Missing returns the required platforms on which the image is known not to run:
// none if the answer is unknown, and none that the answer does not speak of.
func (a Answer) Missing(required arch.Set) arch.Set {
	if !a.Known {
		return nil
	}
	missing := a.Platforms.Missing(required)
	if len(a.Covers) == 0 {
		return missing
	}
	var covered arch.Set
	for _, p := range missing {
		if len(a.Covers.Missing(arch.Set{p})) == 0 {
			covered = append(covered, p)
		}
	}
	return covered
}

// Tagged is what a tag stands for.
type Tagged struct {
	Digest    string
	Platforms arch.Set
	// Contains is true if the manifest that the reference pins is in the tag's index,
	// and the one that is taken for its platform.
	Contains bool
}

// Contradiction is a platform of an index that its own manifests speak against.
type Contradiction struct {
	Platform arch.Platform
	// Evidence is what the manifests show, the end of a sentence about the platform's
	// entry: "its configuration says linux/amd64".
	Evidence string
	// Certain is true if the image cannot be for the platform, which then is not
	// among the platforms of the answer; otherwise it is merely unlikely to be.
	Certain bool
}

// Provenance says where an answer comes from.
type Provenance string

// The provenances.
const (
	FromConfig    Provenance = "config"
	FromLock      Provenance = "lock"
	FromName      Provenance = "name"
	FromCache     Provenance = "cache"
	FromRegistry  Provenance = "registry"
	FromCatalogue Provenance = "catalogue"
)

// Reason says why there is no answer.
type Reason string

// The reasons.
const (
	NotFound     Reason = "not-found"
	Unauthorised Reason = "unauthorised"
	RateLimited  Reason = "rate-limited"
	Unreachable  Reason = "unreachable"
	Refused      Reason = "refused"
	TooLarge     Reason = "too-large"
	Malformed    Reason = "malformed"
	Offline      Reason = "offline" // nothing known, and no network allowed
	Invalid      Reason = "invalid" // not an image reference
)
