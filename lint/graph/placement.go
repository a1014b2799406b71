package graph

import (
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
)

// Placement is a rule that keeps something off required platforms.
type Placement struct {
	*facts.Placement
	Document *facts.Document
	// Missing are the required platforms that it keeps out.
	Missing arch.Set
	// Images are what runs there.
	Images []*Image
}

// placements is what a repository says of where its things run.
type placements struct {
	// by are the architectures of each thing that is there several times, one for an
	// architecture: fluentd-amd64 and fluentd-arm64.
	by map[string]map[string]bool
	// pools are the architectures of all pools of nodes together.
	pools map[string]bool
}

func newPlacements(documents []*facts.Document) *placements {
	out := &placements{by: map[string]map[string]bool{}, pools: map[string]bool{}}
	for _, d := range documents {
		for _, p := range d.Placements {
			if p.Pool {
				for _, a := range p.Architectures {
					out.pools[a] = true
				}
				continue
			}
			key := siblingsOf(p)
			if out.by[key] == nil {
				out.by[key] = map[string]bool{}
			}
			for _, a := range p.Architectures {
				out.by[key][a] = true
			}
		}
	}
	return out
}

// siblingsOf is what the placements of one thing on several architectures have in common.
func siblingsOf(p *facts.Placement) string {
	name, _ := strings.CutSuffix(p.What, `"`)
	for _, word := range arch.Words(name) {
		name = strings.ReplaceAll(name, name[word.Start:word.End], "")
		break
	}
	return strings.Trim(strings.ToLower(name), "-_. ")
}

// allowed returns the platforms of a set that a placement lets run.
func allowed(p *facts.Placement, of arch.Set) arch.Set {
	var out arch.Set
	for _, platform := range of {
		for _, a := range p.Architectures {
			if platform.Architecture == a {
				out = out.Add(platform)
			}
		}
	}
	return out
}

// deliberate reports whether a placement is one of several, or for a platform that
// nobody is kept on by accident.
func (ps *placements) deliberate(p *facts.Placement, required arch.Set) bool {
	own := allowed(p, required)
	if len(own) == 0 || !own.Has(arch.LinuxAMD64) {
		return true
	}
	others := ps.pools
	if !p.Pool {
		others = ps.by[siblingsOf(p)]
	}
	for _, missing := range own.Missing(required) {
		if !others[missing.Architecture] {
			return false
		}
	}
	return true
}

// platforms returns those of the required platforms that what is placed must be there
// for. What is kept on amd64 for no other reason is to run on all of them one day.
func (ps *placements) platforms(p *facts.Placement, required arch.Set) arch.Set {
	if ps.deliberate(p, required) {
		if own := allowed(p, required); own != nil {
			return own
		}
		if len(p.Architectures) == 1 {
			return arch.Set{{OS: "linux", Architecture: p.Architectures[0]}} // there it has to be
		}
		return arch.Set{}
	}
	return required
}

// place adds the placements of all documents that keep out a required platform.
func (p *Project) place(ps *placements) {
	images := map[*facts.Placement][]*Image{}
	for _, i := range p.Images {
		if i.Placement != nil {
			images[i.Placement] = append(images[i.Placement], i)
		}
	}
	for _, d := range p.Documents {
		if len(d.Placements) == 0 {
			continue
		}
		required := p.Required(d.File)
		for _, placement := range d.Placements {
			missing := allowed(placement, required).Missing(required)
			if len(missing) == 0 || ps.deliberate(placement, required) {
				continue
			}
			p.Placements = append(p.Placements, &Placement{Placement: placement, Document: d, Missing: missing, Images: images[placement]})
		}
	}
}
