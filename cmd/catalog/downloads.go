package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/catalog"
)

// The registry of aqua, a tool that installs others, is one YAML file: for each
// package the names of its release files, as templates, and how they changed from
// version to version. What of it matters here is how the files for linux/amd64 and
// linux/arm64 are called in which versions.
//
// The versions that its conditions mention cut the line of all versions into
// pieces, a single version or what lies between two of them. In each piece the
// conditions are decided, the templates filled in, and pieces that say the same are
// put together again.

// registryPackage is a package of the registry, or what one of its overrides changes.
type registryPackage struct {
	Type               *string             `yaml:"type"`
	Name               string              `yaml:"name"`
	RepoOwner          *string             `yaml:"repo_owner"`
	RepoName           *string             `yaml:"repo_name"`
	Asset              *string             `yaml:"asset"`
	URL                *string             `yaml:"url"`
	Format             *string             `yaml:"format"`
	NoAsset            *bool               `yaml:"no_asset"`
	ErrorMessage       *string             `yaml:"error_message"`
	AppendExt          *bool               `yaml:"append_ext"`
	SupportedEnvs      *[]string           `yaml:"supported_envs"`
	Replacements       map[string]string   `yaml:"replacements"`
	Overrides          *[]registryOverride `yaml:"overrides"`
	VersionConstraint  string              `yaml:"version_constraint"`
	VersionOverrides   []registryPackage   `yaml:"version_overrides"`
	unread             bool                // the condition is of a kind that is not read
	versionConstraints []condition
}

// registryOverride changes a package for some machines.
type registryOverride struct {
	GOOS         string            `yaml:"goos"`
	GOArch       string            `yaml:"goarch"`
	Envs         []string          `yaml:"envs"`
	Variants     []registryVariant `yaml:"variants"`
	Type         *string           `yaml:"type"`
	Asset        *string           `yaml:"asset"`
	URL          *string           `yaml:"url"`
	Format       *string           `yaml:"format"`
	Replacements map[string]string `yaml:"replacements"`
}

// registryVariant narrows an override to a C library.
type registryVariant struct {
	Key   string `yaml:"key"`
	Value string `yaml:"value"`
}

// releasesFromRegistry reads the rows out of a repository at a revision.
func releasesFromRegistry(ctx context.Context, dir, revision string) (rows []catalog.Release, commit string, day time.Time, err error) {
	commit, day, err = resolve(ctx, dir, revision, false)
	if err != nil {
		return nil, "", time.Time{}, err
	}
	objects, err := openBlobs(ctx, dir)
	if err != nil {
		return nil, "", time.Time{}, err
	}
	text, err := objects.read(commit + ":registry.yaml")
	if closed := objects.close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, "", time.Time{}, fmt.Errorf("want a checkout of aquaproj/aqua-registry: %w", err)
	}
	rows, err = readRegistry([]byte(text))
	return rows, commit, day, err
}

// readRegistry reads registry.yaml.
func readRegistry(text []byte) ([]catalog.Release, error) {
	var registry struct {
		Packages []registryPackage `yaml:"packages"`
	}
	if err := yaml.Unmarshal(text, &registry); err != nil {
		return nil, fmt.Errorf("registry.yaml: %w", err)
	}
	var rows []catalog.Release
	for _, p := range registry.Packages {
		rows = append(rows, p.releases()...)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("registry.yaml: no packages with release files in it")
	}
	return rows, nil
}

// deref returns what a field says, "" if it says nothing.
func deref(field *string) string {
	if field == nil {
		return ""
	}
	return *field
}

// piece is a part of the line of versions: the point of that number, or what lies
// before it and after the one before.
type piece struct {
	point  int
	single bool
}

// files is what a piece says.
type files struct {
	amd64, arm64         string
	wordAMD64, wordARM64 string
}

// stretch is pieces in a row that say the same.
type stretch struct {
	from, to piece
	files
}

// releases returns the rows of a package.
func (p registryPackage) releases() []catalog.Release {
	if p.VersionConstraint == "" {
		p.VersionConstraint = "true"
	}
	line := &versionLine{}
	p.versionConstraints, p.unread = parseCondition(p.VersionConstraint)
	line.add(p.versionConstraints)
	for i := range p.VersionOverrides {
		o := &p.VersionOverrides[i]
		o.versionConstraints, o.unread = parseCondition(o.VersionConstraint)
		line.add(o.versionConstraints)
	}
	points := line.sorted()

	var runs []stretch
	for n := range 2*len(points) + 1 {
		at := piece{point: n / 2, single: n%2 == 1}
		now := p.at(points, at).files()
		if len(runs) > 0 && runs[len(runs)-1].files == now {
			runs[len(runs)-1].to = at
			continue
		}
		runs = append(runs, stretch{at, at, now})
	}

	tool := p.Name
	if tool == "" {
		tool = deref(p.RepoOwner) + "/" + deref(p.RepoName)
	}
	about := catalog.Release{Tool: tool, Scanned: p.VersionConstraint == "false"}
	runs = slices.DeleteFunc(runs, func(r stretch) bool { return r.amd64 == "" })
	about.Since, about.Exceptions = since(runs, points, about.Scanned)
	var rows []catalog.Release
	for _, r := range runs {
		row := about
		row.Range, row.Latest = rangeText(points, r.from, r.to), r.to.point == len(points)
		row.AMD64Word, row.ARM64Word, row.AMD64URL, row.ARM64URL = r.wordAMD64, r.wordARM64, r.amd64, r.arm64
		switch {
		case strings.EqualFold(r.wordARM64, "arm"):
			// Most often that is the 32-bit file: it proves nothing.
			row.HasARM64, row.ARM64Word, row.ARM64URL = catalog.Unknown, "", ""
		case r.arm64 != "":
			row.HasARM64 = catalog.Yes
		default:
			row.HasARM64 = catalog.No
		}
		rows = append(rows, row)
	}
	return rows
}

// since says from which version on there are files for arm64, and which single
// versions after it lack them.
func since(runs []stretch, points []versionPoint, scanned bool) (text, exceptions string) {
	if len(runs) == 0 || runs[len(runs)-1].to.point < len(points) {
		return "unknown", "" // newer releases have other files, or none
	}
	// Where all releases were looked at, nothing is older than the first that is named.
	exists := func(r stretch) bool {
		return !scanned || r.to.single || r.to.point > 0 || len(points) == 0 || !points[0].tag
	}
	earlier := make([]bool, len(runs)+1) // a run before it has a file for arm64
	for n, r := range runs {
		earlier[n+1] = earlier[n] || r.arm64 != "" && exists(r)
	}
	var lacking []string
	first := -1
	for n := len(runs) - 1; n >= 0; n-- {
		switch r := runs[n]; {
		case r.arm64 != "":
			if exists(r) {
				first = n
			}
			continue
		case first >= 0 && r.from == r.to && r.from.single && earlier[n]:
			lacking = append(lacking, points[r.from.point].text)
			continue
		}
		if first < 0 {
			return "never", ""
		}
		from := runs[first].from
		if from.single {
			return ">=" + points[from.point].text, strings.Join(lacking, ",")
		}
		return ">" + points[from.point-1].text, strings.Join(lacking, ",")
	}
	if !scanned {
		return "unknown", strings.Join(lacking, ",")
	}
	return "always", strings.Join(lacking, ",")
}

// rangeText writes the versions from one piece to another.
func rangeText(points []versionPoint, from, to piece) string {
	if from == to && from.single {
		return "==" + points[from.point].text
	}
	var bounds []string
	switch {
	case from.single:
		bounds = append(bounds, ">="+points[from.point].text)
	case from.point > 0:
		bounds = append(bounds, ">"+points[from.point-1].text)
	}
	switch {
	case to.single:
		bounds = append(bounds, "<="+points[to.point].text)
	case to.point < len(points):
		bounds = append(bounds, "<"+points[to.point].text)
	}
	if len(bounds) == 0 {
		return "*"
	}
	return strings.Join(bounds, ",")
}

// at returns the package as it is for the versions of a piece.
func (p registryPackage) at(points []versionPoint, at piece) registryPackage {
	if !p.unread && holds(p.versionConstraints, points, at) {
		return p
	}
	for _, o := range p.VersionOverrides {
		if o.unread || !holds(o.versionConstraints, points, at) {
			continue
		}
		q := p
		q.Type, q.RepoOwner, q.RepoName = cmp.Or(o.Type, p.Type), cmp.Or(o.RepoOwner, p.RepoOwner), cmp.Or(o.RepoName, p.RepoName)
		q.Asset, q.URL, q.Format = cmp.Or(o.Asset, p.Asset), cmp.Or(o.URL, p.URL), cmp.Or(o.Format, p.Format)
		q.NoAsset, q.ErrorMessage, q.AppendExt = cmp.Or(o.NoAsset, p.NoAsset), cmp.Or(o.ErrorMessage, p.ErrorMessage), cmp.Or(o.AppendExt, p.AppendExt)
		q.SupportedEnvs, q.Overrides = cmp.Or(o.SupportedEnvs, p.SupportedEnvs), cmp.Or(o.Overrides, p.Overrides)
		if o.Replacements != nil {
			q.Replacements = o.Replacements
		}
		return q
	}
	// The registry says nothing of these versions.
	p.NoAsset = new(bool)
	*p.NoAsset = true
	return p
}

// files returns the files for both architectures.
func (p registryPackage) files() files {
	var f files
	f.amd64, f.wordAMD64 = p.file("amd64")
	if f.amd64 == "" {
		return files{}
	}
	f.arm64, f.wordARM64 = p.file("arm64")
	if f.arm64 == f.amd64 || f.arm64 == "" {
		f.wordARM64 = ""
	}
	if f.arm64 == f.amd64 {
		f.wordAMD64 = ""
	}
	return f
}

// file returns the template of the address for linux on an architecture, "" if
// there is no file, and how the architecture is spelled in it.
func (p registryPackage) file(architecture string) (address, word string) {
	if p.NoAsset != nil && *p.NoAsset || p.ErrorMessage != nil {
		return "", ""
	}
	if p.SupportedEnvs != nil && !slices.ContainsFunc(*p.SupportedEnvs, func(env string) bool {
		return env == "all" || env == "linux" || env == architecture || env == "linux/"+architecture
	}) {
		return "", ""
	}
	if p.Overrides != nil {
		for _, o := range *p.Overrides {
			if !o.matches(architecture) {
				continue
			}
			p.Type, p.Asset, p.URL, p.Format = cmp.Or(o.Type, p.Type), cmp.Or(o.Asset, p.Asset), cmp.Or(o.URL, p.URL), cmp.Or(o.Format, p.Format)
			if o.Replacements != nil {
				merged := maps.Clone(p.Replacements)
				if merged == nil {
					merged = map[string]string{}
				}
				maps.Copy(merged, o.Replacements)
				p.Replacements = merged
			}
			break
		}
	}
	template := ""
	switch deref(p.Type) {
	case "github_release":
		if p.Asset == nil {
			return "", ""
		}
		template = "https://github.com/" + deref(p.RepoOwner) + "/" + deref(p.RepoName) + "/releases/download/{{.Version}}/" + p.withExtension(*p.Asset)
	case "http":
		if p.URL == nil {
			return "", ""
		}
		template = p.withExtension(*p.URL)
	default:
		return "", ""
	}
	spelled := cmp.Or(p.Replacements[architecture], architecture)
	address, used := fill(template, map[string]string{"OS": cmp.Or(p.Replacements["linux"], "linux"), "Arch": spelled, "Format": deref(p.Format)})
	if used {
		return address, spelled
	}
	_, file, _ := strings.Cut(address, "://")
	_, file, _ = strings.Cut(file, "/")
	for _, w := range arch.Words(file) {
		if w.Architecture == architecture {
			return address, architectureIn(w)
		}
	}
	return address, ""
}

// architectureIn cuts the operating system off a word: linux_amd64 is amd64. It is
// "" for linux64, in which no architecture stands.
func architectureIn(w arch.Word) string {
	text := strings.ToLower(w.Text)
	start, end := 0, len(text)
	if w.OS != "" {
		if strings.HasPrefix(text, w.OS) {
			start = len(w.OS)
		} else if strings.HasSuffix(text, w.OS) {
			end -= len(w.OS)
		}
		for start < end && strings.IndexByte("-_.", text[start]) >= 0 {
			start++
		}
		for start < end && strings.IndexByte("-_.", text[end-1]) >= 0 {
			end--
		}
	}
	word := w.Text[start:end]
	if alone := arch.Words(word); len(alone) != 1 || alone[0].Text != word {
		return ""
	}
	return word
}

// matches reports whether an override is for linux on an architecture.
func (o registryOverride) matches(architecture string) bool {
	if o.GOOS != "" && o.GOOS != "linux" || o.GOArch != "" && o.GOArch != architecture {
		return false
	}
	for _, v := range o.Variants {
		if v.Key != "libc" || v.Value == "musl" { // the common machine has glibc
			return false
		}
	}
	return len(o.Envs) == 0 || slices.ContainsFunc(o.Envs, func(env string) bool {
		return env == "all" || env == "linux" || env == architecture || env == "linux/"+architecture
	})
}

// withExtension adds the extension that the format stands for.
func (p registryPackage) withExtension(name string) string {
	format := deref(p.Format)
	if format == "" || format == "raw" || p.AppendExt != nil && !*p.AppendExt || strings.HasSuffix(name, "{{.Format}}") {
		return name
	}
	for _, same := range [][]string{{format}, {"tgz", "tar.gz"}, {"tbz2", "tar.bz2"}, {"txz", "tar.xz"}} {
		if slices.Contains(same, format) && slices.ContainsFunc(same, func(e string) bool { return strings.HasSuffix(name, "."+e) }) {
			return name
		}
	}
	return name + "." + format
}

var (
	action      = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}`)
	plainField  = regexp.MustCompile(`^(?:(title|toUpper|toLower|upper|lower)\s+)?\.(OS|Arch|Format)$`)
	wholeTag    = regexp.MustCompile(`^\.Version$`)
	wholeSemVer = regexp.MustCompile(`^\.SemVer$`)
	cutTag      = regexp.MustCompile(`^(?:trimV\s+\(?\s*\.(?:Version|SemVer)\s*\)?|trimPrefix\s+"[^"]*"\s+\.(?:Version|SemVer)(?:\s*\|\s*trimV)?|\.(?:Version|SemVer)\s*\|\s*(?:trimV|trimPrefix\s+"[^"]*"))$`)
)

// fill writes a template with what is known of it in place, and with placeholders
// for what depends on the version. used tells whether the architecture stands in it.
func fill(template string, fields map[string]string) (text string, used bool) {
	text = action.ReplaceAllStringFunc(template, func(found string) string {
		inner := action.FindStringSubmatch(found)[1]
		if m := plainField.FindStringSubmatch(inner); m != nil {
			used = used || m[2] == "Arch"
			value := fields[m[2]]
			switch m[1] {
			case "title":
				return strings.ToUpper(value[:min(1, len(value))]) + value[min(1, len(value)):]
			case "toUpper", "upper":
				return strings.ToUpper(value)
			case "toLower", "lower":
				return strings.ToLower(value)
			}
			return value
		}
		switch {
		case wholeTag.MatchString(inner):
			return "{tag}"
		case wholeSemVer.MatchString(inner):
			return "{semver}"
		case cutTag.MatchString(inner):
			return "{version}"
		}
		return "{*}"
	})
	return text, used
}
