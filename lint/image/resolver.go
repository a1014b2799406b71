package image

import (
	"context"
	"sync"
	"time"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
)

// Source finds out the platforms of one image, from a registry. It always
// answers: what it could not learn is unknown with the reason.
type Source interface {
	Lookup(ctx context.Context, reference string) Answer
}

// Catalog knows images without a network.
type Catalog interface {
	Image(reference string) (catalog.Image, bool)
}

// Options say what a resolver asks.
type Options struct {
	// Offline means that no registry is asked.
	Offline bool
	// Config returns what the user knows about an image; nil if nothing.
	Config func(reference string) (arch.Set, bool)
	// Catalog is asked when the registry cannot answer; nil for none.
	Catalog Catalog
	// Registry is asked unless Offline; nil for none.
	Registry Source
	// Workers is how many images are looked up at a time; 0 for 16.
	Workers int
	// Timeout is for all look-ups of one call together; 0 for none.
	Timeout time.Duration
}

// Resolver finds out the platforms of images. It asks, in this order, what the user
// configured, the reference's own name, the registry and the catalogue. The
// catalogue goes before the name where it knows exactly this tag.
type Resolver struct {
	options Options
}

// New returns a resolver.
func New(o Options) *Resolver {
	if o.Workers <= 0 {
		o.Workers = 16
	}
	return &Resolver{options: o}
}

// Resolve answers for all references at once, keyed as they are given. References
// that mean the same image are looked up once.
func (r *Resolver) Resolve(ctx context.Context, references []string) map[string]Answer {
	answers := make(map[string]Answer, len(references))
	pending := map[string][]string{} // in full → as written
	var order []string
	for _, reference := range references {
		if _, done := answers[reference]; done {
			continue
		}
		parsed, err := Parse(reference)
		if err != nil {
			answers[reference] = Answer{Reason: Invalid, Detail: err.Error()}
			continue
		}
		answer, final := r.local(reference)
		answers[reference] = answer
		if final {
			continue
		}
		full := parsed.String()
		if pending[full] == nil {
			order = append(order, full)
		}
		pending[full] = append(pending[full], reference)
	}
	if len(order) == 0 {
		return answers
	}
	if r.options.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.options.Timeout)
		defer cancel()
	}
	found := make([]Answer, len(order))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(r.options.Workers, len(order)) {
		workers.Go(func() {
			for i := range next {
				if ctx.Err() != nil {
					found[i] = Answer{Reason: Unreachable, Detail: "the time for asking registries is used up"}
					continue
				}
				found[i] = r.options.Registry.Lookup(ctx, order[i])
			}
		})
	}
	for i := range order {
		next <- i
	}
	close(next)
	workers.Wait()
	for i, full := range order {
		for _, reference := range pending[full] {
			answers[reference] = merge(found[i], answers[reference])
		}
	}
	return answers
}

// local answers without a network. final means that no registry is to be asked;
// otherwise the answer is what remains if the registry does not know.
func (r *Resolver) local(reference string) (answer Answer, final bool) {
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
	if platform, ok := namedPlatform(reference); ok {
		if exact {
			return known, true
		}
		return Answer{Known: true, Platforms: arch.Set{platform}, Provenance: FromName}, true
	}
	switch {
	case !r.options.Offline && r.options.Registry != nil:
		return known, false
	case known.Known:
		return known, true
	}
	return Answer{Reason: Offline, Detail: "not in the catalogue, and no registry was asked"}, true
}

// merge joins the registry's answer with the catalogue's: the registry's platforms
// count, the catalogue adds what to do about those that are missing and stands in
// where the registry did not answer.
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
