package image

import (
	"context"
	"time"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
)

// Source finds out the platforms of images from registries and what was kept of
// their answers. It always answers: what it could not learn is unknown with the
// reason. The references are distinct.
type Source interface {
	Lookup(ctx context.Context, references []Reference) map[Reference]Answer
}

// Lock knows what a repository has committed about its images.
type Lock interface {
	Image(reference Reference) (Answer, bool)
}

// Catalog knows images without a network.
type Catalog interface {
	Image(reference string) (catalog.Image, bool)
}

// Options say what a resolver asks; nil is nobody.
type Options struct {
	// Config returns what the user knows about an image.
	Config func(reference string) (arch.Set, bool)
	// Lock goes before all that follows.
	Lock Lock
	// Source is asked for what is not locked.
	Source Source
	// Catalog adds to what the source says, and answers where it does not.
	Catalog Catalog
	// Timeout is for all look-ups of one call together; 0 for none.
	Timeout time.Duration
}

// Resolver finds out the platforms of images. It asks, in this order, what the user
// configured, the lock, the reference's own name, the source (cache and registry)
// and the catalogue. The catalogue goes before the name where it knows exactly
// this tag.
type Resolver struct {
	options Options
}

// New returns a resolver.
func New(o Options) *Resolver { return &Resolver{options: o} }

// Resolve answers for all references at once, keyed as they are given, because
// what is no reference gets an answer, too. References that mean the same image are
// looked up once.
func (r *Resolver) Resolve(ctx context.Context, references []string) map[string]Answer {
	answers := make(map[string]Answer, len(references))
	pending := map[Reference][]string{} // → as written
	var order []Reference
	for _, reference := range references {
		if _, done := answers[reference]; done {
			continue
		}
		parsed, err := Parse(reference)
		if err != nil {
			answers[reference] = Answer{Reason: Invalid, Detail: err.Error()}
			continue
		}
		answer, final := r.local(reference, parsed)
		answers[reference] = answer
		if final {
			continue
		}
		if pending[parsed] == nil {
			order = append(order, parsed)
		}
		pending[parsed] = append(pending[parsed], reference)
	}
	if len(order) == 0 {
		return answers
	}
	if r.options.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.options.Timeout)
		defer cancel()
	}
	found := r.options.Source.Lookup(ctx, order)
	for _, parsed := range order {
		for _, reference := range pending[parsed] {
			answers[reference] = merge(found[parsed], answers[reference])
		}
	}
	return answers
}

// local answers without the source. final means that the source is not to be asked;
// otherwise the answer is what remains if the source does not know.
func (r *Resolver) local(reference string, parsed Reference) (answer Answer, final bool) {
	if r.options.Config != nil {
		if platforms, ok := r.options.Config(reference); ok {
			return Answer{Known: true, Platforms: platforms, Provenance: FromConfig}, true
		}
	}
	known, exact := Answer{}, false
	if r.options.Catalog != nil {
		if fact, ok := r.options.Catalog.Image(reference); ok {
			exact = !fact.Guess
			known = Answer{
				Known: true, Platforms: fact.Platforms, Covers: fact.Covers, Provenance: FromCatalogue, AsOf: fact.AsOf, Guess: fact.Guess,
				Since: fact.Since, Advice: fact.Advice, Reference: fact.Source,
			}
		}
	}
	if r.options.Lock != nil {
		if locked, ok := r.options.Lock.Image(parsed); ok {
			return merge(locked, known), true
		}
	}
	if platform, ok := namedPlatform(reference); ok {
		if exact {
			return known, true
		}
		return Answer{Known: true, Platforms: arch.Set{platform}, Provenance: FromName}, true
	}
	switch {
	case r.options.Source != nil:
		return known, false
	case known.Known:
		return known, true
	}
	return Answer{Reason: Offline, Detail: "not in the catalogue, and no registry was asked"}, true
}

// merge joins the registry's answer, or what was locked of it, with the catalogue's:
// the registry's platforms count, the catalogue adds what to do about those that are
// missing and stands in where the registry did not answer.
func merge(registry, known Answer) Answer {
	switch {
	case !registry.Known && known.Known:
		return known
	case !registry.Known || !known.Known:
		return registry
	}
	for platform, since := range known.Since {
		if p, err := arch.Parse(platform); err == nil && len(registry.Platforms.Missing(arch.Set{p})) > 0 {
			if registry.Since == nil {
				registry.Since = map[string]string{}
			}
			registry.Since[platform] = since
		}
	}
	if len(registry.Platforms.Missing(known.Platforms)) > 0 || len(registry.Platforms.Missing(arch.Default())) > 0 {
		registry.Advice, registry.Reference = known.Advice, known.Reference
	}
	return registry
}
