// Package render has helm render the charts of a repository.
//
// It is used only if the user asks for it, for it runs a program on what may come from a
// stranger. helm template needs no cluster; what it could reach besides is turned off: the
// user's plugins and repositories, and the network, so that a chart whose dependencies
// are not there is not rendered. Charts with symbolic links out of the repository are not,
// either. Time and output are bounded.
package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// The limits.
const (
	MaxCharts  = 500
	maxTime    = 30 * time.Second // of one chart
	maxOutput  = 32 << 20         // of one chart, in bytes
	maxEntries = 20_000           // files of one chart
)

// Charts are the charts that were rendered: by directory, what comes of each template, by
// its path. Paths are relative to the root of the repository, with slashes.
type Charts map[string]map[string][]byte

// Problem is a chart that was not rendered.
type Problem struct {
	Path    string // of its Chart.yaml
	Message string
}

// Find returns the directories of the charts among files, those within others left out.
func Find(files []string) []string {
	var all, out []string
	for _, file := range files {
		if path.Base(file) == "Chart.yaml" {
			all = append(all, path.Dir(file))
		}
	}
	slices.Sort(all)
	for _, dir := range all {
		if !slices.ContainsFunc(all, func(other string) bool { return strings.HasPrefix(dir, path.Join(other, "charts")+"/") }) {
			out = append(out, dir)
		}
	}
	return out
}

// Helm renders charts of the repository at root. An error means that it cannot be done
// at all.
func Helm(ctx context.Context, root string, dirs []string, jobs int) (Charts, []Problem, error) {
	out := Charts{}
	if len(dirs) == 0 {
		return out, nil, nil
	}
	if len(dirs) > MaxCharts {
		return nil, nil, fmt.Errorf("there are more than %d charts; name those to render", MaxCharts)
	}
	program, err := exec.LookPath("helm")
	if err != nil {
		return nil, nil, errors.New("there is no helm to render charts with; install it, or leave --render out")
	}
	home, err := os.MkdirTemp("", "archlint-helm-")
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = os.RemoveAll(home) }()
	made := make([]map[string][]byte, len(dirs))
	failed := make([]error, len(dirs))
	var group errgroup.Group
	group.SetLimit(max(1, jobs))
	for i, dir := range dirs {
		group.Go(func() error {
			made[i], failed[i] = chart(ctx, program, home, root, dir)
			return nil
		})
	}
	_ = group.Wait() // each has its own error
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("rendering charts: %w", err)
	}
	var problems []Problem
	for i, dir := range dirs {
		switch {
		case errors.Is(failed[i], errLibrary):
		case failed[i] != nil:
			problems = append(problems, Problem{path.Join(dir, "Chart.yaml"), "was not rendered: " + failed[i].Error() + "; its templates are read as they stand"})
		default:
			out[dir] = made[i]
		}
	}
	return out, problems, nil
}

// errLibrary says that a chart is made to be used by others and makes nothing itself.
var errLibrary = errors.New("a library")

var library = regexp.MustCompile(`(?m)^type:\s*["']?library\b`)

// chart renders one.
func chart(ctx context.Context, program, home, root, dir string) (map[string][]byte, error) {
	at := filepath.Join(root, filepath.FromSlash(dir))
	if err := inside(root, at); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(at, "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	if library.Match(data) {
		return nil, errLibrary
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "template", "release-name", at)
	cmd.Dir, cmd.Env, cmd.WaitDelay = home, environment(home), time.Second
	var messages bytes.Buffer
	cmd.Stderr = &limited{&messages, 16 << 10}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(pipe, maxOutput+1))
	if len(text) > maxOutput {
		cancel()
	}
	waited := cmd.Wait()
	switch {
	case len(text) > maxOutput:
		return nil, fmt.Errorf("helm writes more than %d MiB", maxOutput>>20)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("helm is not done after %s", maxTime)
	case waited != nil:
		return nil, errors.New(reason(messages.String(), waited))
	case err != nil:
		return nil, err
	}
	return split(dir, text), nil
}

// inside refuses a chart with symbolic links that lead out of the repository, for helm
// follows them.
func inside(root, chart string) error {
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return err
	}
	n := 0
	return filepath.WalkDir(chart, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if n++; n > maxEntries {
			return fmt.Errorf("it has more than %d files", maxEntries)
		}
		if d.Type()&fs.ModeSymlink == 0 {
			return nil
		}
		target, err := filepath.EvalSymlinks(file)
		if err != nil {
			return nil // it leads nowhere
		}
		if rel, err := filepath.Rel(real, target); err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return errors.New("a symbolic link in it leads out of the repository")
		}
		return nil
	})
}

// nowhere is where requests to the network go.
const nowhere = "http://127.0.0.1:9"

// environment is that of helm: without the user's plugins, repositories and clusters, and
// without a network.
func environment(home string) []string {
	var out []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(strings.ToUpper(v), "=")
		if !strings.HasPrefix(name, "HELM_") && !strings.HasPrefix(name, "KUBE") && !strings.HasSuffix(name, "_PROXY") {
			out = append(out, v)
		}
	}
	return append(out,
		"HELM_CONFIG_HOME="+home, "HELM_CACHE_HOME="+home, "HELM_DATA_HOME="+home, "HELM_PLUGINS="+filepath.Join(home, "plugins"), "HELM_NO_PLUGINS=1",
		"KUBECONFIG="+os.DevNull, "HTTP_PROXY="+nowhere, "HTTPS_PROXY="+nowhere, "http_proxy="+nowhere, "https_proxy="+nowhere)
}

// reason is what helm says when it fails.
func reason(messages string, err error) string {
	for line := range strings.Lines(messages) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "Error: "); ok {
			const longest = 300
			if len(text) > longest {
				text = strings.ToValidUTF8(text[:longest], "") + "…"
			}
			return "helm says: " + text
		}
	}
	return "helm: " + err.Error()
}

var sourceComment = regexp.MustCompile(`^# Source: ([^\r\n]+)`)

// split cuts what helm writes into what comes of each template. Each document begins with
// the template's path, the chart's name in place of its directory.
func split(dir string, text []byte) map[string][]byte {
	out := map[string][]byte{}
	for _, document := range bytes.Split(append([]byte("\n"), text...), []byte("\n---\n")) {
		m := sourceComment.FindSubmatch(document)
		if m == nil {
			continue
		}
		_, rest, ok := strings.Cut(string(m[1]), "/")
		if !ok || rest != path.Clean(rest) || strings.HasPrefix(rest, "../") || path.IsAbs(rest) {
			continue
		}
		template := path.Join(dir, rest)
		out[template] = append(append(out[template], document...), "\n---\n"...)
	}
	return out
}

// limited keeps the beginning of what is written.
type limited struct {
	out  *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.out.Write(p[:n])
	l.left -= n
	return len(p), nil
}
