package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/image"
)

// seen is what the manifest behind an entry of an index shows.
type seen struct {
	platform arch.Platform // that its configuration says
	layers   string
}

// verify finds the entries of an index that are not what it says: one manifest
// for two architectures, a configuration that names another one, the layers of
// another one. Manifests are read only with Options.Verify, and where the index alone
// gives reason to, also those in the cache: what is found does not depend on what
// somebody has asked before.
func (w *walk) verify(ctx context.Context, entries []entry) []image.Contradiction {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.index })
	architectures := map[string]map[string]bool{} // by digest
	for _, e := range entries {
		if architectures[e.digest] == nil {
			architectures[e.digest] = map[string]bool{}
		}
		architectures[e.digest][machine(e.platform)] = true
	}
	shown := map[string]*seen{} // by digest
	w.complete = true
	for _, e := range entries {
		if _, done := shown[e.digest]; done {
			continue
		}
		suspect := len(architectures[e.digest]) > 1
		shown[e.digest] = nil
		if suspect || w.client.options.Verify {
			shown[e.digest] = w.look(ctx, e.digest, w.ask && len(shown) <= maxVerify)
		}
		if shown[e.digest] == nil && len(shown) <= maxVerify {
			w.complete = false
		}
	}
	var out []image.Contradiction
	report := func(p arch.Platform, certain bool, format string, args ...any) {
		if !slices.ContainsFunc(out, func(c image.Contradiction) bool { return c.Platform == p }) {
			out = append(out, image.Contradiction{Platform: p, Evidence: fmt.Sprintf(format, args...), Certain: certain})
		}
	}
	for i, e := range entries {
		this := shown[e.digest]
		// What an entry shares with one for another machine.
		same, layers := arch.Platform{}, arch.Platform{}
		for _, other := range entries {
			o := shown[other.digest]
			switch {
			case machine(other.platform) == machine(e.platform):
			case other.digest == e.digest:
				same = other.platform
			case this != nil && o != nil && this.layers != "" && this.layers == o.layers:
				layers = other.platform
			}
		}
		shared := same != arch.Platform{} || layers != arch.Platform{}
		switch {
		case this != nil && machine(this.platform) != machine(e.platform):
			// Some builders forget to say it, and the image is right for all that; but
			// not one that is another platform's at the same time.
			report(e.platform, shared, "its configuration says %s", this.platform)
		case this == nil && same != arch.Platform{} && i > 0:
			report(e.platform, false, "it is the same manifest as that for %s", same)
		case layers != arch.Platform{} && machine(e.platform) != machine(entries[0].platform):
			// Data may be the same on all platforms, programs are not.
			report(e.platform, false, "its layers are those of %s", layers)
		}
	}
	// Another entry for the platform may be right.
	out = slices.DeleteFunc(out, func(c image.Contradiction) bool {
		return slices.ContainsFunc(entries, func(e entry) bool {
			return e.platform == c.Platform && shown[e.digest] != nil && machine(shown[e.digest].platform) == machine(e.platform) && c.Certain
		})
	})
	return out
}

// look reads the manifest of a digest and its configuration; nil if it cannot.
func (w *walk) look(ctx context.Context, digest string, ask bool) *seen {
	one := *w
	one.ask = ask
	m, err := one.manifest(ctx, digest)
	if err != nil || m.index {
		return nil
	}
	p, err := one.single(ctx, m)
	if err != nil {
		return nil
	}
	return &seen{platform: p, layers: strings.Join(m.layers, " ")}
}

// machine is what two platforms must have in common to run the same programs.
// Variants are not compared: who builds for arm/v6 rarely says so.
func machine(p arch.Platform) string { return p.OS + "/" + p.Architecture }
