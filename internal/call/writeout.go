package call

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Report is what a call's -w can tell of.
type Report struct {
	Trip     *Trip
	Response *http.Response // nil: there was none
	URL      string         // as it was asked for
	File     string         // where the body went; empty: standard output
	Exit     int
	Message  string // of the error; empty without one
}

// WriteOut fills in a format as curl 7.88 does: %{NAME} is a variable, %header{NAME} a header of the answer, %% a
// percent sign, \n \r \t what they are in C; what follows %{stderr} goes there, what follows %{onerror} nowhere unless
// the call failed. A variable that does not exist is complained about and stands for nothing.
func (r *Report) WriteOut(format string) (stdout, stderr string) {
	w := &writeOut{report: r, out: &strings.Builder{}}
	w.plain = w.out
	for format != "" && !w.done {
		i := strings.IndexAny(format, `%\`)
		if i < 0 || i == len(format)-1 {
			w.out.WriteString(format)
			break
		}
		w.out.WriteString(format[:i])
		if format[i] == '\\' {
			w.out.WriteString(unescape(format[i+1]))
			format = format[i+2:]
			continue
		}
		format = w.directive(format[i+1:])
	}
	return w.plain.String(), w.complaints.String()
}

type writeOut struct {
	report     *Report
	out, plain *strings.Builder
	complaints strings.Builder
	done       bool
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	}
	return `\` + string(c)
}

// directive writes what the text behind a percent sign stands for, and gives what is left of it.
func (w *writeOut) directive(text string) string {
	if text[0] == '%' {
		w.out.WriteByte('%')
		return text[1:]
	}
	for _, opening := range []string{"{", "header{"} {
		rest, ok := strings.CutPrefix(text, opening)
		if !ok {
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case !closed:
			w.out.WriteString("%" + opening)
			return rest
		case opening == "{":
			w.variable(name)
		case w.report.Response != nil:
			w.out.WriteString(received(w.report.Response).Get(name))
		}
		return after
	}
	w.out.WriteString("%" + text[:1])
	return text[1:]
}

// variable writes the variable of that name, which may be in any case.
func (w *writeOut) variable(name string) {
	switch known := strings.ToLower(name); known {
	case "stdout":
		w.out = w.plain
	case "stderr":
		w.out = &w.complaints
	case "onerror":
		w.done = w.report.Exit == 0
	case "json":
		w.out.WriteString(w.report.json())
	case "header_json":
		w.out.WriteString(w.report.headerJSON())
	default:
		if value, ok := w.report.value(known); ok {
			w.out.WriteString(value.text)
			return
		}
		fmt.Fprintf(&w.complaints, "authctl: warning: unknown --write-out variable: %q\n", name)
	}
}

// json is all variables as one object, by name.
func (r *Report) json() string {
	members := make([]string, 0, len(variables()))
	for _, name := range variables() {
		value, _ := r.value(name)
		text := value.json
		if text == "" {
			text = value.text
		}
		members = append(members, fmt.Sprintf("%q:%s", name, text))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// headerJSON is the answer's headers as one object of lists, under lower-case names.
func (r *Report) headerJSON() string {
	headers := map[string][]string{}
	if r.Response != nil {
		header := received(r.Response)
		for _, name := range slices.Sorted(maps.Keys(header)) {
			lower := strings.ToLower(name)
			headers[lower] = append(headers[lower], header[name]...)
		}
	}
	text, err := json.Marshal(headers)
	if err != nil {
		return "{}"
	}
	return string(text)
}
