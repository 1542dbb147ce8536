package call

import (
	"strings"
)

// parseField reads what follows NAME= in -F: TEXT, <FILE or @FILE[,FILE...], each with ;type= and ;filename= behind it.
// Texts, names and types that hold a comma or a semicolon stand in double quotes, where a backslash escapes a quote or
// itself.
func parseField(text string) ([]field, error) {
	first := field{}
	switch {
	case strings.HasPrefix(text, "@"):
		first.isFile, text = true, text[1:]
	case strings.HasPrefix(text, "<"):
		first.isContent, text = true, text[1:]
	case strings.HasPrefix(text, "("):
		return nil, badField("a part of the form that begins with ( would hold parts of its own, which are not made here")
	}
	var fields []field
	for {
		next := first
		rest, err := next.parse(text)
		if err != nil {
			return nil, err
		}
		fields = append(fields, next)
		if rest == "" {
			return fields, nil
		}
		text = rest[1:] // behind a comma
	}
}

// parse reads one content with its parameters, and gives what begins with the comma behind it.
func (p *field) parse(text string) (rest string, err error) {
	stops := ";"
	if p.isFile {
		stops = ",;"
	}
	if p.content, rest, err = word(strings.TrimLeft(text, blanks), stops); err != nil {
		return "", err
	}
	for strings.HasPrefix(rest, ";") {
		key, value, ok := strings.Cut(strings.TrimLeft(rest[1:], " \t"), "=")
		switch {
		case ok && strings.EqualFold(key, "type"):
			p.kind, rest, err = mediaType(value, stops)
			p.hasKind = true
		case ok && strings.EqualFold(key, "filename"):
			p.filename, rest, err = word(strings.TrimLeft(value, " \t"), stops)
			p.hasRename = true
		default:
			return "", badField("a part of the form has a parameter that is neither ;type= nor ;filename=")
		}
		if err != nil {
			return "", err
		}
	}
	return rest, nil
}

// word reads up to one of stops, without the blanks before it, or a text in double quotes. A quote without an end is a
// character like others.
func word(text, stops string) (value, rest string, err error) {
	if value, rest, ok := quoted(text); ok {
		if rest = strings.TrimLeft(rest, " \t"); rest != "" && strings.IndexByte(stops, rest[0]) < 0 {
			return "", "", badField("there is text behind a quoted part of the form")
		}
		return value, rest, nil
	}
	end := strings.IndexAny(text, stops)
	if end < 0 {
		end = len(text)
	}
	return strings.TrimRight(text[:end], blanks), text[end:], nil
}

// blanks are what curl takes for blanks in a part of a form.
const blanks = " \t\r\n\v\f"

func quoted(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", "", false
	}
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			out.WriteByte(text[i])
		case c == '"':
			return out.String(), text[i+1:], true
		default:
			out.WriteByte(c)
		}
	}
	return "", "", false
}

// mediaType reads TYPE/SUBTYPE with parameters of its own, which end where one of the part begins; a second ;type= is
// none, as to curl.
func mediaType(text, stops string) (value, rest string, err error) {
	end := len(text)
	for i := range len(text) {
		if strings.IndexByte(stops, text[i]) < 0 {
			continue
		}
		key, _, _ := strings.Cut(strings.TrimLeft(text[i+1:], " \t"), "=")
		if key = strings.ToLower(key); text[i] == ',' || key == "filename" || key == "headers" || key == "encoder" {
			end = i
			break
		}
	}
	value = strings.Trim(text[:end], " \t")
	major, minor, ok := strings.Cut(value, "/")
	if !ok || major == "" || minor == "" || !isFieldValue(value) {
		return "", "", badField("the ;type= of a part of the form is no media type")
	}
	return value, text[end:], nil
}
