package grant

import (
	"fmt"
	"html"
	"strings"
)

// prose is the text of a body that is neither JSON nor a form.
func (e *Endpoint) prose(body []byte) string {
	text := strings.ToValidUTF8(string(body), "\ufffd")
	trimmed := strings.Trim(text, "\ufeff"+blanks)
	switch {
	case trimmed == "":
		return "empty body"
	case trimmed[0] == '<':
		if title := e.Show(pageTitle(trimmed)); title != "" {
			return fmt.Sprintf("an HTML page entitled %q", title)
		}
		return "an HTML page"
	}
	return e.Show(text)
}

// pageTitle is the title of an HTML page, as it is written there.
func pageTitle(page string) string {
	const open, shut = "<title", "</title"
	lower := strings.ToLower(page)
	if len(lower) != len(page) { // some letters change their length with their case
		return ""
	}
	from := strings.Index(lower, open)
	if from < 0 {
		return ""
	}
	gt := strings.IndexByte(lower[from:], '>')
	if gt < 0 {
		return ""
	}
	from += gt + 1
	length := strings.Index(lower[from:], shut)
	if length < 0 {
		return ""
	}
	return html.UnescapeString(page[from : from+length])
}
