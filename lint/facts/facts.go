// Package facts is the model of what a repository says about its images: what
// they are built from, built for and run on.
//
// Front ends (lint/format/...) turn a file into a [Document]; lint/graph joins
// documents; rules read both. A fact knows the exact place of the text it came
// from and nothing about the format it was written in.
package facts

import (
	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/source"
)

// Kind is the kind of a file.
type Kind string

// The kinds of files that are read.
const (
	Dockerfile Kind = "dockerfile"
	Compose    Kind = "compose"
	Workflow   Kind = "workflow" // GitHub Actions workflow
	Action     Kind = "action"   // GitHub Actions action.yml
	Bake       Kind = "bake"     // docker-bake.hcl, docker-bake.json
	// GoReleaser is the configuration of GoReleaser, .goreleaser.yaml.
	GoReleaser Kind = "goreleaser"
	GitLabCI   Kind = "gitlab-ci" // .gitlab-ci.yml
	CodeBuild  Kind = "codebuild" // buildspec.yml
	AWS        Kind = "aws"       // task definition of ECS, template of CloudFormation
	Terraform  Kind = "terraform" // .tf
	// DevContainer is devcontainer.json.
	DevContainer Kind = "dev container"
	// Kubernetes is a manifest, a kustomization, or a file of a Helm chart. Files are
	// taken for one by their extension, and known by their content.
	Kubernetes Kind = "kubernetes"
	// Script is a shell script.
	Script Kind = "script"
	// BuildScript is a file of another kind that builds images: a Makefile, a
	// shell script, another CI system's configuration. It is read for what it
	// passes to Dockerfiles; nothing is reported of it.
	BuildScript Kind = "build script"
)

// ByContent reports whether a file is taken for one of the kind by its extension, so
// that its content has to tell: most are none.
func (k Kind) ByContent() bool { return k == Kubernetes || k == AWS || k == Terraform || k == Script }

// Document is what one file says.
type Document struct {
	File *source.File
	Kind Kind

	Stages  []*Stage    // Dockerfile: its stages, in order
	Globals []*Arg      // Dockerfile: the ARGs before the first FROM, in order
	Images  []*ImageUse // images used outside of Dockerfile instructions
	Builds  []*Build    // "this builds an image"
	Pins    []*Pin      // constant platforms outside of FROM
	Merges  []*Merge    // "this makes one image of several platforms' images"
	Groups  []*Group    // bake: targets under one name
	// Placements are the rules on which machines something is run.
	Placements []*Placement
	// Kustomization is what a kustomization puts together, nil for other files.
	Kustomization *Kustomization

	// Doubtful is true if the file is hardly of its kind, whatever its name says: a
	// Dockerfile without a single instruction, a template of one.
	Doubtful bool

	Comments []Comment // every comment, for the inline ignores
	Problems []Problem // what could not be read
}

// Empty reports whether the file says nothing at all, so that nobody asks for its bytes.
func (d *Document) Empty() bool {
	facts := len(d.Stages) + len(d.Globals) + len(d.Images) + len(d.Builds) + len(d.Pins) + len(d.Merges) + len(d.Groups) + len(d.Placements)
	return facts+len(d.Comments)+len(d.Problems) == 0 && d.Kustomization == nil
}

// Problem is something in a file that could not be read or understood.
type Problem struct {
	Span    source.Span // Span.File is set; the place is the first byte
	Message string      // what is wrong and what to do, one line
}

// Comment is a comment in a file, without the leading "#" and blanks.
type Comment struct {
	Text string
	Span source.Span
}

// Role says what an image is used as.
type Role int

// The roles of images.
const (
	RoleBase      Role = iota // FROM
	RoleCopy                  // COPY --from=image
	RoleMount                 // RUN --mount=from=image
	RoleSyntax                // # syntax=image
	RoleService               // compose service, workflow service container
	RoleContainer             // workflow job container
	RoleAction                // uses: docker://image, or a docker action's image
	RoleRun                   // docker run image
	RolePod                   // container of a Kubernetes pod
	RoleDevelop               // dev container
)

// String returns the role as it is said in a message.
func (r Role) String() string {
	return [...]string{"base image", "COPY source", "mount source", "Dockerfile frontend", "service image", "job container", "action image", "image", "container image", "image of the dev container"}[r]
}

// ImageUse is an image reference outside of a Dockerfile's instructions.
type ImageUse struct {
	Role Role
	Name string // what uses it, for messages: `service "db"`, `job "test"`
	// References are the references it can be, with variables resolved. Each is
	// wholly known; none at all means that it is not known.
	References []Value
	Span       source.Span // of the reference as written

	// Platforms are the platforms the image must have here: nil stands for all
	// required platforms.
	Platforms arch.Set
	// Platform is the platform asked for beside the reference, if any.
	Platform *Pin
	// Placement is where it is run, nil if nothing says that.
	Placement *Placement
	// Inferred is true if a part of the reference is only likely.
	Inferred bool
	// Builds is true if the image is also built here (a compose service with
	// build: and image:), so that the reference names a result, not a source.
	Builds bool
}

// Placement is a rule on which machines something may run.
type Placement struct {
	What string // what is run: `Deployment "api"`
	// Setting is what says so, and Label what it goes by: "nodeSelector",
	// "kubernetes.io/arch".
	Setting, Label string
	Span           source.Span // of the label's value, or of its values
	Line           source.Span // of the label, or of all of the entry that selects
	// Architectures are those that it may run on.
	Architectures []string
	// Values are the values as they are written, in a rule that lists several.
	Values []source.Span
	// Alone is true if the setting says nothing else.
	Alone bool
	// Whole is all of a nodeSelector, key and labels, where an affinity may be written
	// in its place; zero where one is there already, or may be.
	Whole source.Span
	// Machine is the type of machine that is asked for, where it is not the
	// architecture itself that is.
	Machine string
	// Pool is true for a pool of nodes: what is run are other things.
	Pool bool
	// Default is true for a setting that others may override, as in a chart's values.
	Default bool
	// Service is true for a service that always runs on one architecture, and Implicit
	// if that is the one it has when nothing is said; Span is then what says nothing.
	Service, Implicit bool
	// Required is true for a service that has to be told, so that what it is told is
	// not much of a decision.
	Required bool
	Images   []*ImageUse // that run there
}

// Kustomization says which manifests are put together, and what of them is changed.
type Kustomization struct {
	// Includes are the files and directories that it takes in, in order, relative to
	// the root of the repository; "" stands for one that is elsewhere.
	Includes []string
	// Components are those of them that also change what the others bring.
	Components []string
	Images     []Replacement // in order
}

// Replacement puts an image in the place of another one.
type Replacement struct {
	Name string // without tag and digest, as it is written where it is used
	// NewName, Tag and Digest are what is new; empty for what stays as it is.
	NewName, Tag, Digest Value
	Span                 source.Span // of what is new
}

// Pin is a platform that is written down as a constant outside of FROM.
type Pin struct {
	Value Value // the platform as written, resolved
	Span  source.Span
	// What is pinned, for messages: `service "db"`, "docker build", "DOCKER_DEFAULT_PLATFORM".
	What string
	// Setting is how it is written: "platform:", "--platform", "DOCKER_DEFAULT_PLATFORM".
	Setting string
	// Image is the image that is run for that platform, if it is known.
	Image *ImageUse
}

// Known is a truth value that may not be known.
type Known int

// The truth values.
const (
	Unknown Known = iota
	No
	Yes
)

// Build is an instruction to build an image.
type Build struct {
	// Span is what a finding points at when nothing more exact is there: the
	// `uses:` value, the first words of the command.
	Span source.Span
	// Tool is the builder as written: docker/build-push-action@v5, docker build.
	Tool string
	// Job names the workflow job or compose service, for messages and grouping.
	Job string

	Context    string // build context as written, "" when not given
	Dockerfile string // path relative to the repository root, "" when not known
	Target     string // stage to build, "" for the last or when not known

	// Args are the build arguments that the build sets. A nil Value list means
	// set, but not known to what.
	Args map[string][]Value
	// OpaqueArgs is true if more arguments than those in Args may be set.
	OpaqueArgs bool

	Platforms Platforms
	// Push says whether the result is published. Unknown when it depends on
	// something (an event) that cannot be decided here.
	Push Known
	// Load is true if the result is only loaded into the local engine.
	Load bool
	// Tags are the names that the result gets; unknown parts are Unknown.
	Tags []Value
	// Digest is true if the result is pushed by digest, to be merged later.
	Digest bool
	// Passing is true if each name holds the commit or the number of the run: the
	// result may be no more than what one job hands to another.
	Passing bool

	// Runner is the architecture of the machines it can run on, nil if unknown.
	Runner []string
	// Emulation and Builder say whether QEMU and a multi-platform builder are
	// set up before it in the same job.
	Emulation, Builder bool
	// IndexStore is true if the local engine builds and keeps images of several
	// platforms, which it does with the image store of containerd.
	IndexStore bool
	// Matrix is true if it runs once for each row of a matrix.
	Matrix bool

	// Bake is what of bake files is built, nil for other builders.
	Bake *BakeCall
	// Registry is true if a bake file itself says that the result is pushed.
	Registry bool
	// Call is the place that has it built, where Span is in another file.
	Call source.Span
	// Caller is the `uses:` by which the file of the document comes to the build,
	// where that stands in an action or a reusable workflow of the repository.
	Caller source.Span

	// Script is the command that builds, where Span is that of make or of a script of
	// the repository, in which it stands.
	Script source.Span

	// Step is where the step that builds begins, with its first key, and Inputs are
	// those that it gives an action, in the order of the file. They are for the
	// steps of the document itself.
	Step   source.Span
	Inputs []Input
	// Takes is the input of the action that takes platforms, "" if it has none.
	Takes string
	// ByCommit is true if a step of the file names an action by its commit.
	ByCommit bool

	// Inferred is true if the build itself is not seen, only what comes of it: an
	// image is pushed that a program must have built, platforms are handed to one.
	Inferred bool
}

// Input is what a step gives an action.
type Input struct {
	Key, Value source.Span
}

// BakeCall is a call of Buildx's bake, or of compose.
type BakeCall struct {
	// Directory is where bake is called, relative to the repository root.
	Directory string
	Files     []string // as written, relative to Directory; none are the usual ones
	Targets   []string // targets and groups; none is the group default
	// Set are the attributes that are overridden, as target.attribute.
	Set []string
	// Variables are the names of the variables that are set for the call; Open is true
	// if more may be.
	Variables []string
	Open      bool
	// Compose is true for docker compose build: the files are compose files.
	Compose bool
}

// Group is several targets of a bake file under one name.
type Group struct {
	Name    string
	Targets []string
}

// Platforms is the list of platforms of a build.
type Platforms struct {
	// State tells whether the list is there and understood.
	State PlatformsState
	Set   arch.Set
	Span  source.Span // of the list as written, when it is there
	// Reason says, for StateUnknown, why the list is not known; for
	// StateMisplaced, where a list stands that has no effect.
	Reason string
	// Each holds the lists of the single matrix rows, if there are several, and Rows
	// where each of them stands.
	Each []arch.Set
	Rows []source.Span
	// Origin is where a list stands that is used at Span, the zero Span if it is not
	// known, or put together from pieces.
	Origin source.Span
	// Needs are the variables of a bake file of which the defaults make the list.
	Needs []string
	// Input is the input of a called file that has the list, "" if none has. Where
	// the caller does not give it, Span is that of the call.
	Input string
}

// PlatformsState says what is known about a list of platforms.
type PlatformsState int

// The states of a list of platforms.
const (
	PlatformsAbsent  PlatformsState = iota // nothing said: the builder's own platform
	PlatformsKnown                         // Set is all of it
	PlatformsUnknown                       // there, but not known here
	PlatformsIgnored                       // there, but without effect (misspelt, unsupported by that version)
)

// Merge is an instruction that makes one index of images built elsewhere:
// docker manifest create, docker buildx imagetools create.
type Merge struct {
	Span source.Span
	Tool string
	Job  string
	Tags []Value // the index's own name
	// Sources are the images put together, as far as they are known.
	Sources []Value
}
