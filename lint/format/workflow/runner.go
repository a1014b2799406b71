package workflow

import (
	"strings"

	"github.com/archlint/archlint/lint/arch"
	"github.com/archlint/archlint/lint/facts"
)

// machine is what a runner is: os in Go's spelling ("" if unknown) and
// architecture ("" if unknown).
type machine struct{ os, arch string }

// hosted are the beginnings of runner labels whose machines are amd64 unless the
// label says otherwise: GitHub's own and the common hosted ones
// (docs.github.com, "Choosing the runner for a job"; the providers' manuals).
var hosted = []string{"ubuntu-", "buildjet-", "blacksmith-", "ubicloud", "depot-ubuntu-", "warp-ubuntu-"}

// machineOf tells the machine from the labels of runs-on, lower case.
func machineOf(labels []string) machine {
	var m machine
	for _, label := range labels {
		switch {
		case label == "windows" || strings.HasPrefix(label, "windows-"):
			m.os = "windows"
		case label == "macos" || strings.HasPrefix(label, "macos-"):
			m.os = "darwin"
		case label == "linux" || label == "self-hosted" || strings.Contains(label, "ubuntu"):
			if m.os == "" {
				m.os = "linux"
			}
		}
		if a := labelArchitecture(label); a != "" && m.arch == "" {
			m.arch = a
		}
	}
	if m.arch == "" {
		for _, label := range labels {
			for _, prefix := range hosted {
				if strings.HasPrefix(label, prefix) {
					return machine{os: "linux", arch: "amd64"}
				}
			}
		}
	}
	if m.arch == "" && m.os == "windows" && len(labels) == 1 && labels[0] != "windows" {
		m.arch = "amd64"
	}
	if m.arch != "" && m.os == "" {
		m.os = "linux"
	}
	return m
}

// labelArchitecture reads the architecture named in a label.
func labelArchitecture(label string) string {
	if words := arch.Words(label); len(words) > 0 {
		return words[0].Architecture
	}
	for _, word := range strings.FieldsFunc(label, func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r == ':' || r == '/' || r == '=' || r == ','
	}) {
		switch word {
		case "arm", "graviton":
			return "arm64"
		case "x86":
			return "amd64"
		}
	}
	return ""
}

// machines returns the machines that a job can run on in a row.
func (s *scope) machines(j *job) []machine {
	sets := [][]string{nil}
	for _, t := range j.runsOn {
		var next [][]string
		for _, v := range s.values(t) {
			var labels []string
			switch {
			case v.kind == list:
				for _, item := range v.items {
					labels = append(labels, strings.ToLower(item.template().String()))
				}
			case v.kind == object:
				labels = s.labelsOf(v)
			case v.scalar():
				labels = []string{strings.ToLower(strings.TrimSpace(v.text.String()))}
			default:
				labels = []string{""}
			}
			for _, base := range sets {
				next = append(next, append(base[:len(base):len(base)], labels...))
			}
		}
		if sets = next; len(sets) > maxAlternatives {
			return []machine{{}}
		}
	}
	var out []machine
	for _, labels := range sets {
		m := machineOf(labels)
		found := false
		for _, n := range out {
			found = found || n == m
		}
		if !found {
			out = append(out, m)
		}
	}
	return out
}

// labelsOf reads {group: …, labels: …}.
func (s *scope) labelsOf(v val) []string {
	labels := v.fields["labels"]
	if labels.kind == list {
		var out []string
		for _, item := range labels.items {
			out = append(out, strings.ToLower(item.template().String()))
		}
		return out
	}
	return []string{strings.ToLower(labels.template().String())}
}

// property is runner.name.
func (m machine) property(name string) val {
	switch name {
	case "arch":
		switch m.arch {
		case "amd64":
			return textVal(facts.FromMachine("X64"))
		case "arm64":
			return textVal(facts.FromMachine("ARM64"))
		}
	case "os":
		switch m.os {
		case "linux":
			return stringVal("Linux")
		case "windows":
			return stringVal("Windows")
		case "darwin":
			return stringVal("macOS")
		}
	}
	return unknownVal()
}
