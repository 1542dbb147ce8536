package shape

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	template "github.com/DataDog/datadog-agent/pkg/template/text"
)

func (t *Template) functions(now func() time.Time) template.FuncMap {
	uncoloured := func(_ string, value any) (string, error) { return scalar(value) }
	return template.FuncMap{
		"autocolor":   uncoloured,
		"color":       uncoloured,
		"contains":    func(part, text string) bool { return strings.Contains(text, part) },
		"hasPrefix":   func(part, text string) bool { return strings.HasPrefix(text, part) },
		"hasSuffix":   func(part, text string) bool { return strings.HasSuffix(text, part) },
		"hyperlink":   hyperlink,
		"join":        join,
		"pluck":       pluck,
		"regexMatch":  regexp.MatchString,
		"replace":     func(from, to, text string) string { return strings.ReplaceAll(text, from, to) },
		"tablerender": t.renderTable,
		"tablerow":    t.addRow,
		"timeago": func(text string) (string, error) {
			then, err := time.Parse(time.RFC3339, text)
			return ago(now().Sub(then)), err
		},
		"timefmt": func(layout, text string) (string, error) {
			then, err := time.Parse(time.RFC3339, text)
			return then.Format(layout), err
		},
		"truncate": func(width int, value any) (string, error) {
			text, err := scalar(value)
			return truncate(width, text), err
		},
	}
}

// plain gives a copy in which whole numbers are int64 and others float64, so that templates can compare and format
// them; what neither can hold stays text.
func plain(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil && strings.ContainsAny(v.String(), ".eE") {
			return f
		}
		return v.String()
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name := range v {
			object[name] = plain(v[name])
		}
		return object
	}
	return value
}

// scalar is the text of a value that is neither list nor object; that of null is empty.
func scalar(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int, int64:
		return fmt.Sprint(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("a %s is no text", kind(value))
}

func kind(value any) string {
	switch value.(type) {
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return fmt.Sprintf("%T", value)
}

// hyperlink shows the text alone, or the link where there is none.
func hyperlink(link, text string) string {
	if text == "" {
		return link
	}
	return text
}

func join(separator string, list []any) (string, error) {
	texts := make([]string, 0, len(list))
	for _, value := range list {
		text, err := scalar(value)
		if err != nil {
			return "", err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, separator), nil
}

// pluck takes one member of each object of a list.
func pluck(name string, list []any) ([]any, error) {
	out := make([]any, 0, len(list))
	for _, value := range list {
		object, ok := value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("pluck %q: a %s has no members", name, kind(value))
		}
		out = append(out, object[name])
	}
	return out, nil
}

// truncate cuts text to a number of characters, three of which are dots where it is cut and there is room.
func truncate(width int, text string) string {
	if width < 0 || utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	if width < len("...")+2 {
		return string(runes[:width])
	}
	return string(runes[:width-3]) + "..."
}

// ago says roughly how long something has been over, as gh says it.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	units := map[time.Duration]string{time.Minute: "minute", time.Hour: "hour", day: "day", 30 * day: "month", 365 * day: "year"}
	for _, unit := range slices.Backward(slices.Sorted(maps.Keys(units))) {
		if n := int(d / unit); n == 1 {
			return "1 " + units[unit] + " ago"
		} else if n > 1 {
			return strconv.Itoa(n) + " " + units[unit] + "s ago"
		}
	}
	return "just now"
}

// addRow keeps a row of the table; of a cell of several lines the first one counts.
func (t *Template) addRow(cells ...any) (string, error) {
	row := make([]string, 0, len(cells))
	for _, cell := range cells {
		text, err := scalar(cell)
		if err != nil {
			return "", err
		}
		if first, _, more := strings.Cut(strings.ReplaceAll(text, "\r", "\n"), "\n"); more {
			text = first + "..."
		}
		row = append(row, text)
	}
	t.rows = append(t.rows, row)
	return "", nil
}

// renderTable lays the rows out in columns and begins a new table.
func (t *Template) renderTable() string {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for _, row := range t.rows {
		for i, cell := range row {
			out.WriteString(cell)
			if i < len(row)-1 {
				out.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		out.WriteByte('\n')
	}
	t.rows = nil
	return out.String()
}
