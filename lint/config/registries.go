package config

import (
	"net"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/archlint/archlint/lint/config/spell"
)

// Registries says which registries are asked, and how.
type Registries struct {
	// Allow and Deny are patterns of hosts: the registry's name, with its port if it
	// has one, in which * stands for a part between dots. With Allow no others are
	// asked; Deny goes before it.
	Allow, Deny []string
	// Private are patterns of registries that may be at private addresses, and lead to
	// such; Insecure of hosts that may be asked without TLS.
	Private, Insecure []string
	Concurrency       int           // requests at a time to one registry; 0 when not set
	Requests          int           // to one registry in a run; 0 when not set
	TagAge            time.Duration // how long what is cached for a tag counts; 0 when not set
	Verify            bool          // read the manifests behind an index
	// Mirrors are, by registry, the hosts that are asked before it, each with a path
	// or without.
	Mirrors map[string][]string
}

// Allows reports whether a registry may be asked, and if not why.
func (r *Registries) Allows(registry string) (why string, ok bool) {
	switch {
	case r == nil:
		return "", true
	case matchHost(r.Deny, registry):
		return registry + " is denied by the configuration (registries.deny)", false
	case len(r.Allow) > 0 && !matchHost(r.Allow, registry):
		return registry + " is not among those that the configuration allows (registries.allow)", false
	}
	return "", true
}

// MayBePrivate reports whether a registry may be at a private address.
func (r *Registries) MayBePrivate(registry string) bool {
	return r != nil && matchHost(r.Private, registry)
}

// MayBeInsecure reports whether a host may be asked without TLS.
func (r *Registries) MayBeInsecure(host string) bool {
	return r != nil && matchHost(r.Insecure, host)
}

// canonical returns the one name of a registry that has several: the Hub has four, and
// a final dot or the port of HTTPS lead nowhere else.
func canonical(host string) string {
	host = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(host), ":443"), ".")
	switch host {
	case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		return "docker.io"
	}
	return host
}

func matchHost(patterns []string, host string) bool {
	host = canonical(host)
	return slices.ContainsFunc(patterns, func(p string) bool {
		// In a host, parts end at dots, in a path at slashes.
		ok, err := path.Match(strings.ReplaceAll(canonical(p), ".", "/"), strings.ReplaceAll(host, ".", "/"))
		return err == nil && ok
	})
}

var registryKeys = []string{"allow", "deny", "private", "insecure", "concurrency", "requests", "tag-age", "verify", "mirrors"}

// Bounds on what may be set.
const (
	maxConcurrency = 64
	maxRequests    = 1_000_000
	maxTagAge      = 30 * 24 * time.Hour
	maxMirrors     = 10
)

func (l *loader) registries(value *yaml.Node) {
	r := &Registries{}
	l.config.Registries = r
	l.each(value, "registries", func(key, value *yaml.Node) {
		switch key.Value {
		case "allow":
			r.Allow = l.hosts(value, "allow", true)
		case "deny":
			r.Deny = l.hosts(value, "deny", true)
		case "private":
			r.Private = l.hosts(value, "private", true)
		case "insecure":
			r.Insecure = l.hosts(value, "insecure", true)
		case "concurrency":
			r.Concurrency = l.number(value, "concurrency", maxConcurrency)
		case "requests":
			r.Requests = l.number(value, "requests", maxRequests)
		case "tag-age":
			n := resolve(value)
			age, err := time.ParseDuration(n.Value)
			if n.Kind != yaml.ScalarNode || err != nil || age <= 0 || age > maxTagAge {
				l.problem(n, "tag-age must be a time such as 30m or 24h, %dh at most", maxTagAge/time.Hour)
				return
			}
			r.TagAge = age
		case "verify":
			n := resolve(value)
			if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
				l.problem(n, "verify must be true or false")
				return
			}
			r.Verify = n.Value == "true"
		case "mirrors":
			r.Mirrors = map[string][]string{}
			l.each(value, "mirrors", func(key, value *yaml.Node) {
				if !l.host(key, key.Value, false) || !l.named(key) {
					return
				}
				r.Mirrors[canonical(key.Value)] = l.hosts(value, "the mirrors of "+short(key.Value), false)
			})
		default:
			if near := spell.Nearest(key.Value, registryKeys); near != "" {
				l.problem(key, "unknown key %q; did you mean %q?", short(key.Value), near)
			} else {
				l.problem(key, "unknown key %q; known are %s", short(key.Value), strings.Join(registryKeys, ", "))
			}
		}
	})
}

// hosts reads a list of registries: patterns, or else hosts with a path or without.
func (l *loader) hosts(value *yaml.Node, what string, patterns bool) (out []string) {
	nodes := l.list(value, what)
	if !patterns && len(nodes) > maxMirrors {
		l.problem(value, "%s are more than %d", what, maxMirrors)
		return nil
	}
	for _, n := range nodes {
		host, prefix := n.Value, ""
		if !patterns {
			host, prefix, _ = strings.Cut(n.Value, "/")
		}
		if !l.host(n, host, patterns) || patterns && !l.named(n) {
			continue
		}
		if prefix != "" && !repositoryName.MatchString(prefix) {
			l.problem(n, "%q is not a path before names of images", short(prefix))
			continue
		}
		out = append(out, n.Value)
	}
	return out
}

var (
	hostName       = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	hostPattern    = regexp.MustCompile(`^[a-z0-9*]([a-z0-9.*-]*[a-z0-9*])?$`)
	repositoryName = regexp.MustCompile(`^[a-z0-9]+([._/-][a-z0-9]+)*$`)
)

// host checks the name of a registry.
func (l *loader) host(n *yaml.Node, host string, pattern bool) bool {
	name := host
	if h, port, err := net.SplitHostPort(host); err == nil {
		if p, err := strconv.ParseUint(port, 10, 16); err == nil && p > 0 {
			name = strings.Trim(h, "[]")
		}
	}
	switch {
	case strings.Contains(host, "://"):
		l.problem(n, "write the registry without %s", short(host[:strings.Index(host, "://")+3]))
	case len(host) > 255:
		l.problem(n, "%q is too long for a registry", short(host))
	case hostName.MatchString(name), pattern && hostPattern.MatchString(name), net.ParseIP(name) != nil:
		return true
	default:
		l.problem(n, "%q is not a registry such as docker.io or registry.example.com:5000", short(host))
	}
	return false
}

// named checks that a reference can name the registry: in "registry/app", the first
// part is a folder on docker.io.
func (l *loader) named(n *yaml.Node) bool {
	if strings.ContainsAny(n.Value, ".:*") || n.Value == "localhost" {
		return true
	}
	l.problem(n, "%q is no registry in a reference: %s/app is docker.io/%s/app; a registry has a dot or a port", short(n.Value), short(n.Value), short(n.Value))
	return false
}

func (l *loader) number(value *yaml.Node, what string, most int) int {
	n := resolve(value)
	number, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || number < 1 || number > most {
		l.problem(n, "%s must be a number from 1 to %d", what, most)
		return 0
	}
	return number
}
