package workflow

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/archlint/archlint/lint/facts"
)

// row is one combination of a matrix: a job runs once for each.
type row struct {
	values map[string]val // by lower case key
	// open is true if there are keys, or rows like this one, that are not known.
	open bool
}

// lookup returns the value of matrix.key.
func (r row) lookup(key string) val {
	if v, ok := r.values[key]; ok {
		return v
	}
	if r.open {
		return unknownVal()
	}
	return val{kind: null}
}

// noMatrix is the only row of a job without a matrix.
func noMatrix() []row { return []row{{}} }

// rows expands the matrix of a job. The second result is false if there is none.
func (r *reader) rows(strategy *actionlint.Strategy) ([]row, bool) {
	if strategy == nil || strategy.Matrix == nil {
		return noMatrix(), false
	}
	m := strategy.Matrix
	s := &scope{reader: r, row: row{open: true}}
	if m.Expression != nil {
		return r.dynamicRows(s, m.Expression), true
	}
	rows := []row{{values: map[string]val{}}}
	for _, key := range matrixKeys(m.Rows) {
		values := r.rowValues(s, m.Rows[key])
		if len(values) == 0 {
			continue
		}
		if len(rows)*len(values) > r.options.maxRows() {
			r.tooManyRows(m.Pos)
			return []row{{open: true}}, true
		}
		next := make([]row, 0, len(rows)*len(values))
		for _, base := range rows {
			for _, v := range values {
				combination := maps.Clone(base.values)
				combination[key] = v
				next = append(next, row{values: combination})
			}
		}
		rows = next
	}
	if len(m.Rows) == 0 {
		rows = nil
	}
	rows = r.exclude(s, rows, m.Exclude)
	rows, ok := r.include(s, rows, m.Include)
	if !ok {
		r.tooManyRows(m.Pos)
		return []row{{open: true}}, true
	}
	if len(rows) == 0 {
		rows = []row{{open: true}}
	}
	return rows, true
}

func (r *reader) tooManyRows(pos *actionlint.Pos) {
	r.problem(r.offset(pos), "the matrix has more than "+itoa(r.options.maxRows())+" combinations; its values are taken as unknown")
}

// dynamicRows are the rows of a matrix that is wholly an expression:
// fromJSON('{…}') is read, everything else is unknown.
func (r *reader) dynamicRows(s *scope, expression *actionlint.String) []row {
	v, ok := certain(s.values(r.text(expression)))
	if !ok || v.kind != object {
		return []row{{open: true}}
	}
	rows := []row{{values: map[string]val{}}}
	for _, key := range sortedKeys(v.fields) {
		values := v.fields[key]
		if key == "include" || key == "exclude" || values.kind != list || len(rows)*len(values.items) > r.options.maxRows() {
			return []row{{open: true}}
		}
		var next []row
		for _, base := range rows {
			for _, item := range values.items {
				combination := maps.Clone(base.values)
				combination[key] = item
				next = append(next, row{values: combination})
			}
		}
		rows = next
	}
	return rows
}

// matrixKeys returns the keys of a matrix in the order of the file.
func matrixKeys(rows map[string]*actionlint.MatrixRow) []string {
	return slices.SortedFunc(maps.Keys(rows), func(a, b string) int {
		return cmp.Or(comparePos(rows[a].Name, rows[b].Name), strings.Compare(a, b))
	})
}

func comparePos(a, b *actionlint.String) int {
	if a == nil || b == nil || a.Pos == nil || b.Pos == nil {
		return 0
	}
	return cmp.Or(a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
}

func (r *reader) rowValues(s *scope, m *actionlint.MatrixRow) []val {
	if m.Expression != nil {
		if v, ok := certain(s.values(r.text(m.Expression))); ok && v.kind == list && len(v.items) > 0 {
			return v.items
		}
		return []val{unknownVal()}
	}
	values := make([]val, 0, len(m.Values))
	for _, raw := range m.Values {
		values = append(values, r.raw(s, raw))
	}
	return values
}

// raw converts a value of a matrix.
func (r *reader) raw(s *scope, value actionlint.RawYAMLValue) val {
	switch value := value.(type) {
	case *actionlint.RawYAMLString:
		t := r.textAt(value.Pos(), value.Value)
		if strings.Contains(value.Value, "${{") {
			if v, ok := certain(s.values(t)); ok {
				return v
			}
			return unknownVal()
		}
		v := val{kind: text, text: facts.Of(t)}
		if at := r.offset(value.Pos()); at < len(r.file.Data) && r.file.Data[at] != '"' && r.file.Data[at] != '\'' {
			switch value.Value {
			case "true", "false":
				v.kind = boolean
			case "null", "~", "":
				v.kind = null
			}
		}
		return v
	case *actionlint.RawYAMLArray:
		v := val{kind: list}
		for _, element := range value.Elems {
			v.items = append(v.items, r.raw(s, element))
		}
		return v
	case *actionlint.RawYAMLObject:
		v := val{kind: object, fields: make(map[string]val, len(value.Props))}
		for name, property := range value.Props {
			v.fields[strings.ToLower(name)] = r.raw(s, property)
		}
		return v
	}
	return unknownVal()
}

func (r *reader) assigns(s *scope, c *actionlint.MatrixCombination) map[string]val {
	out := make(map[string]val, len(c.Assigns))
	for key, a := range c.Assigns {
		out[key] = r.raw(s, a.Value)
	}
	return out
}

// exclude drops the rows that agree with an exclusion in all of its keys.
func (r *reader) exclude(s *scope, rows []row, cs *actionlint.MatrixCombinations) []row {
	if cs == nil {
		return rows
	}
	for _, c := range cs.Combinations {
		if c.Expression != nil || len(c.Assigns) == 0 {
			continue
		}
		pattern := r.assigns(s, c)
		rows = slices.DeleteFunc(rows, func(candidate row) bool {
			for key, want := range pattern {
				if have, ok := candidate.values[key]; !ok || !within(want, have) {
					return false
				}
			}
			return true
		})
	}
	return rows
}

// within reports whether have is want, or has all of its fields.
func within(want, have val) bool {
	if want.kind != object || have.kind != object {
		return want.kind > falsy && want.text.String() == have.text.String() && (want.scalar() && have.scalar() || want.equal(have))
	}
	for name, field := range want.fields {
		if got, ok := have.fields[name]; !ok || !within(field, got) {
			return false
		}
	}
	return true
}

// include adds the values of each inclusion to the rows that they do not change,
// and makes a row of its own of an inclusion that fits none. It reports false
// when there are too many rows.
func (r *reader) include(s *scope, rows []row, cs *actionlint.MatrixCombinations) ([]row, bool) {
	if cs == nil {
		return rows, true
	}
	if cs.Expression != nil {
		v, ok := certain(s.values(r.text(cs.Expression)))
		if !ok || v.kind != list {
			for i := range rows {
				rows[i].open = true
			}
			return append(rows, row{open: true}), true
		}
		for _, item := range v.items {
			rows = append(rows, row{values: item.fields, open: item.kind != object})
		}
		return rows, len(rows) <= r.options.maxRows()
	}
	original := len(rows)
	product := make([]map[string]bool, original) // the keys that must not change
	for i := range rows {
		product[i] = make(map[string]bool, len(rows[i].values))
		for key := range rows[i].values {
			product[i][key] = true
		}
	}
	for _, c := range cs.Combinations {
		if c.Expression != nil {
			rows = append(rows, row{open: true})
			continue
		}
		extra, fits := r.assigns(s, c), false
		for i := range original {
			if !compatible(rows[i], product[i], extra) {
				continue
			}
			fits = true
			maps.Copy(rows[i].values, extra)
		}
		if !fits {
			rows = append(rows, row{values: extra})
		}
		if len(rows) > r.options.maxRows() {
			return nil, false
		}
	}
	return rows, true
}

func compatible(base row, fixed map[string]bool, extra map[string]val) bool {
	for key, v := range extra {
		if fixed[key] && !base.values[key].equal(v) {
			return false
		}
	}
	return true
}

// project keeps the given keys of the rows and drops the rows that are then the
// same. all keeps everything.
func project(rows []row, keys map[string]bool, all bool) []row {
	if all || len(rows) < 2 {
		return rows
	}
	seen := map[string]bool{}
	var out []row
	for _, r := range rows {
		kept := row{values: map[string]val{}, open: r.open}
		var b strings.Builder
		if r.open {
			b.WriteByte('?')
		}
		for _, key := range sortedKeys(keys) {
			if v, ok := r.values[key]; ok {
				kept.values[key] = v
				b.WriteString(key + "\x04" + v.key())
			}
			b.WriteByte(5)
		}
		if !seen[b.String()] {
			seen[b.String()] = true
			out = append(out, kept)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
