package graph

import (
	"path"
	"strings"

	"github.com/archlint/archlint/lint/facts"
	"github.com/archlint/archlint/lint/source"
)

const (
	// maxKustomize is the number of files and images that are looked at for all
	// kustomizations of a repository together.
	maxKustomize = 200_000
	// maxOverlays is how deep kustomizations are followed into each other.
	maxOverlays = 32
)

// kustomized is what the kustomizations of a repository make of the images that its
// manifests name.
//
// Each kustomization that no other takes in is followed down to the manifests. On the
// way back each of those in between may put another image in the place of one, from the
// inside to the outside. An image that is replaced on all ways to it is run nowhere.
type kustomized struct {
	gone map[*facts.ImageUse]bool
	made map[*facts.Document][]madeImage // by the kustomization that has the last word
}

// madeImage is an image that a kustomization puts in the place of another.
type madeImage struct {
	use       *facts.ImageUse // in the manifest, nil if that is elsewhere
	reference facts.Value
	span      source.Span // of what is new
}

// kustomizer follows kustomizations.
type kustomizer struct {
	documents map[string]*facts.Document
	steps     int
	open      map[*facts.Document]bool // those that are followed now
	reached   map[*facts.ImageUse]bool
	live      map[*facts.ImageUse]bool
	matched   map[*facts.Replacement]bool
	remote    map[*facts.Replacement]bool // of those that take in what is not here
	seen      map[madeKey]bool
	out       *kustomized
}

type madeKey struct {
	use       *facts.ImageUse
	reference string
	span      source.Span
}

// replacement is one with the kustomization that it stands in.
type replacement struct {
	*facts.Replacement
	document *facts.Document
}

func kustomize(documents []*facts.Document) *kustomized {
	k := &kustomizer{
		documents: map[string]*facts.Document{}, steps: maxKustomize, open: map[*facts.Document]bool{},
		reached: map[*facts.ImageUse]bool{}, live: map[*facts.ImageUse]bool{},
		matched: map[*facts.Replacement]bool{}, remote: map[*facts.Replacement]bool{}, seen: map[madeKey]bool{},
		out: &kustomized{gone: map[*facts.ImageUse]bool{}, made: map[*facts.Document][]madeImage{}},
	}
	var all []*facts.Document
	for _, d := range documents {
		if d.Kind != facts.Kubernetes {
			continue
		}
		k.documents[d.File.Path] = d
		if d.Kustomization != nil {
			all = append(all, d)
			k.documents[path.Dir(d.File.Path)] = d
		}
	}
	if len(all) == 0 {
		return k.out
	}
	within := map[*facts.Document]bool{}
	for _, d := range all {
		for _, name := range d.Kustomization.Includes {
			if sub := k.documents[name]; sub != nil && sub != d && sub.Kustomization != nil {
				within[sub] = true
			}
		}
	}
	for _, d := range all {
		if !within[d] {
			k.follow(d, nil, false)
		}
	}
	for use := range k.reached {
		if !k.live[use] {
			k.out.gone[use] = true
		}
	}
	for _, d := range all {
		k.elsewhere(d)
	}
	return k.out
}

// follow goes through what a kustomization takes in, with the replacements of those
// around it, and reports whether some of that is not here.
func (k *kustomizer) follow(d *facts.Document, outer []replacement, remote bool) bool {
	if k.open[d] || len(k.open) >= maxOverlays {
		return remote
	}
	k.open[d] = true
	defer delete(k.open, d)
	var own []replacement
	component := map[*facts.Document]bool{}
	for _, name := range d.Kustomization.Components {
		if c := k.documents[name]; c != nil && c.Kustomization != nil && c != d {
			component[c] = true
			own = append(own, replacements(c)...)
		}
	}
	own = append(own, replacements(d)...)
	all := append(own[:len(own):len(own)], outer...)
	k.manifest(d, all) // the patches that are written out in it
	for _, name := range d.Kustomization.Includes {
		if k.steps--; k.steps < 0 {
			return true
		}
		if name == "" {
			remote = true
			continue
		}
		sub := k.documents[name]
		switch {
		case sub == nil || sub == d:
		case sub.Kustomization != nil && component[sub]:
			// What it replaces is among the others already.
			remote = k.follow(&facts.Document{File: sub.File, Images: sub.Images, Kustomization: &facts.Kustomization{Includes: sub.Kustomization.Includes}}, all, remote)
		case sub.Kustomization != nil:
			remote = k.follow(sub, all, remote)
		default:
			k.manifest(sub, all)
		}
	}
	if remote {
		for _, r := range own {
			k.remote[r.Replacement] = true
		}
	}
	return remote
}

func replacements(d *facts.Document) []replacement {
	var out []replacement
	for i := range d.Kustomization.Images {
		out = append(out, replacement{&d.Kustomization.Images[i], d})
	}
	return out
}

// manifest applies replacements to the images of a manifest.
func (k *kustomizer) manifest(d *facts.Document, all []replacement) {
	for _, use := range d.Images {
		if k.steps -= 1 + len(all); k.steps < 0 {
			k.live[use] = true
			return
		}
		k.reached[use] = true
		for _, v := range use.References {
			var last *replacement
			for i := range all {
				if name, _ := cutName(v.String()); name == all[i].Name {
					v, last = renew(v, all[i].Replacement), &all[i]
					k.matched[last.Replacement] = true
				}
			}
			if last == nil {
				k.live[use] = true
				continue
			}
			k.make(last.document, madeImage{use, v, last.Span})
		}
		if len(use.References) == 0 {
			k.live[use] = true
		}
	}
}

// elsewhere adds the images that a kustomization gives to manifests that are not in
// the repository: of what it names, it is only likely that they use it.
func (k *kustomizer) elsewhere(d *facts.Document) {
	for i := range d.Kustomization.Images {
		r := &d.Kustomization.Images[i]
		if k.matched[r] || !k.remote[r] || len(r.Tag.Parts)+len(r.Digest.Parts) == 0 {
			continue
		}
		k.make(d, madeImage{nil, renew(facts.Text(r.Name), r), r.Span})
	}
}

func (k *kustomizer) make(d *facts.Document, m madeImage) {
	key := madeKey{m.use, m.reference.String(), m.span}
	if m.reference.Known() && !k.seen[key] {
		k.seen[key] = true
		k.out.made[d] = append(k.out.made[d], m)
	}
}

// renew returns a reference with what a replacement puts into it.
func renew(v facts.Value, r *facts.Replacement) facts.Value {
	name, rest := cutName(v.String())
	out, end := v.Slice(0, len(name)), v.Slice(len(name), len(name)+len(rest))
	if len(r.NewName.Parts) > 0 {
		out = r.NewName
	}
	if len(r.Tag.Parts)+len(r.Digest.Parts) == 0 {
		return out.Add(end)
	}
	if len(r.Tag.Parts) > 0 {
		out = out.Add(facts.Text(":")).Add(r.Tag)
	}
	if len(r.Digest.Parts) > 0 {
		out = out.Add(facts.Text("@")).Add(r.Digest)
	}
	return out
}

// cutName cuts a reference behind the name of the image.
func cutName(reference string) (name, rest string) {
	end := len(reference)
	if i := strings.IndexByte(reference, '@'); i >= 0 {
		end = i
	}
	if i := strings.LastIndexByte(reference[:end], ':'); i > strings.LastIndexByte(reference[:end], '/') {
		end = i
	}
	return reference[:end], reference[end:]
}

// kustomizedImages adds what a kustomization makes of the images of manifests.
func (b *builder) kustomizedImages(d *facts.Document) {
	for _, m := range b.kustomized.made[d] {
		if windowsImage(m.reference.String()) {
			continue
		}
		i := &Image{
			Reference: m.reference.String(), Role: facts.RolePod, Span: m.span, Use: m.span,
			Platforms: b.project.Required(d.File), Document: d, Likely: m.use == nil,
		}
		if m.use != nil {
			i.Name, i.Placement, i.Likely = m.use.Name, m.use.Placement, m.use.Inferred
			if i.Placement != nil {
				i.Platforms = b.placed.platforms(i.Placement, i.Platforms)
			}
		}
		b.project.Images = append(b.project.Images, i)
	}
}
