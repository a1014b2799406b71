package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/archlint/archlint/lint/arch"
)

// SchemaURL is where the JSON Schema of the file is published.
const SchemaURL = "https://raw.githubusercontent.com/archlint/archlint/main/docs/archlint.schema.json"

// SchemaRule is a rule as the schema describes it.
type SchemaRule struct{ Name, Summary string }

// object is a JSON object; encoding/json orders its keys.
type object map[string]any

// Schema returns the JSON Schema of the file, for editors. It is less strict than Load:
// patterns and hosts are not checked.
func Schema(rules []SchemaRule) ([]byte, error) {
	names, level := []string{}, object{}
	for _, r := range rules {
		names = append(names, r.Name)
		level[r.Name] = object{"$ref": "#/$defs/level", "description": r.Summary}
	}
	list := func(item object, description string) object {
		return object{"type": "array", "items": item, "minItems": 1, "maxItems": maxEntries, "description": description}
	}
	mapping := func(properties object, description string) object {
		return object{"type": "object", "properties": properties, "additionalProperties": false, "description": description}
	}
	each := func(value object, description string) object {
		return object{"type": "object", "additionalProperties": value, "maxProperties": maxEntries, "description": description}
	}
	ref := func(name, description string) object {
		return object{"$ref": "#/$defs/" + name, "description": description}
	}
	number := func(most int, description string) object {
		return object{"type": "integer", "minimum": 1, "maximum": most, "description": description}
	}
	host := object{"type": "string", "minLength": 1, "maxLength": 255}
	schema := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     SchemaURL,
		"title":   "archlint configuration",
		"description": "What " + Name + " says to archlint, which finds what keeps container workloads from running on arm64. " +
			"See https://github.com/archlint/archlint/blob/main/docs/configuration.md",
		"type": []string{"object", "null"},
		"properties": object{
			"platforms": ref("platforms", "The platforms that everything has to support; linux/amd64 and linux/arm64 unless they are given"),
			"exclude":   list(ref("pattern", "A pattern of paths"), "Files that are not read at all"),
			"rules":     mapping(level, "How much the findings of a rule matter, or off"),
			"paths": each(mapping(object{
				"platforms": ref("platforms", "The platforms that these files have to support"),
				"ignore":    list(object{"enum": names}, "Rules of which nothing is reported in these files"),
			}, "What holds for the files that match"), "What holds for a part of the repository, by patterns of paths; the last one that matches decides"),
			"images": each(ref("platforms", "The platforms of these images"), "What you know of images, by patterns of references"),
			"registries": mapping(object{
				"allow":       list(host, "The registries that may be asked, and no others; * stands for a part between dots"),
				"deny":        list(host, "Registries that are not asked; goes before allow"),
				"private":     list(host, "Registries that may be at private addresses; others are not asked there"),
				"insecure":    list(host, "Registries that may be asked without TLS"),
				"concurrency": number(maxConcurrency, "Requests at a time to one registry"),
				"requests":    number(maxRequests, "Requests in a run to one registry"),
				"tag-age": object{
					"type": "string", "pattern": `^[0-9.hmsuµn]+$`, "examples": []string{"30m", "24h"},
					"description": fmt.Sprintf("How long the cached answer for a tag counts, %dh at most", maxTagAge/time.Hour),
				},
				"verify": object{"type": "boolean", "description": "Also read the manifests behind an index"},
				"mirrors": each(object{"type": "array", "items": host, "minItems": 1, "maxItems": maxMirrors, "description": "The hosts to ask before the registry"},
					"For a registry, the hosts to ask before it, with a path before the names of images or without"),
			}, "How registries are asked"),
		},
		"additionalProperties": false,
		"$defs": object{
			"level":   object{"enum": levels},
			"pattern": object{"type": "string", "minLength": 1, "maxLength": maxPattern},
			"platform": object{
				"type": "string", "pattern": `^[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]+){0,2}$`,
				"examples": append(arch.Default().Strings(), "linux/arm/v7", "linux/ppc64le", "linux/riscv64", "linux/s390x"),
			},
			"platforms": object{"anyOf": []object{
				{"$ref": "#/$defs/platform"},
				{"type": "array", "items": object{"$ref": "#/$defs/platform"}, "minItems": 1, "maxItems": maxEntries},
			}},
		},
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		return nil, fmt.Errorf("encoding the schema: %w", err)
	}
	return b.Bytes(), nil
}
