package secret

import (
	"bytes"
	"html"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// view is a text after some escapes were undone. It knows from which bytes of the original each of its bytes came.
type view struct {
	text     []byte
	from, to []int // nil: the original itself
}

// views gives s as it is, with one kind of escape undone, and with all kinds undone up to three times. Views that
// would not differ are left out.
func views(s string) iter.Seq[view] {
	return func(yield func(view) bool) {
		raw := view{text: []byte(s)}
		if !yield(raw) || !strings.ContainsAny(s, `%\&`) {
			return
		}
		for _, undo := range []unescape{percent, backslash, entity} {
			if v := raw.undo(undo); !bytes.Equal(v.text, raw.text) && !yield(v) {
				return
			}
		}
		for v, times := raw, 0; times < 3; times++ {
			next := v.undo(anyEscape)
			if bytes.Equal(next.text, v.text) || !yield(next) {
				return
			}
			v = next
		}
	}
}

// search finds the needles, as spans of the original, whose length is size.
func (v view) search(needles []needle, size int) spans {
	var found spans
	text := v.folded()
	lower := lowerCase(text)
	for i := range needles {
		n := &needles[i]
		mine := len(found)
		mark := func(from, to int) {
			sp := v.original(text, n, from, to, size)
			if last := len(found) - 1; last >= mine && sp.from <= found[last].to {
				found[last].to = max(found[last].to, sp.to)
				return
			}
			found = append(found, sp)
		}
		if n.anyCase {
			n.find(lower, mark)
		} else {
			n.find(text, mark)
		}
	}
	return found
}

// original maps a place in the view to the original, with the neighbouring base64 digits that belong to it.
func (v view) original(text []byte, n *needle, from, to, size int) span {
	for i := 0; i < n.before && from > 0 && base64Digit(text[from-1]); i++ {
		from--
	}
	for i := 0; i < n.after && to < len(text) && base64Digit(text[to]); i++ {
		to++
	}
	for n.after > 0 && to < len(text) && text[to] == '=' {
		to++
	}
	switch {
	case to == len(text): // with what was left of an escape that the cut went through
		to = size
	case v.to != nil:
		to = v.to[to-1]
	}
	if v.from != nil {
		from = v.from[from]
	}
	return span{from, to}
}

// lowerCase lowers ASCII letters alone, so that every byte keeps its place.
func lowerCase(text []byte) []byte {
	out := bytes.Clone(text)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c | 0x20
		}
	}
	return out
}

func (v view) folded() []byte { return fold(bytes.Clone(v.text)) }

// unescape reads the escape that s begins with: what it stands for and how long it is, 0 where there is none. An
// escape that the end of s cuts short stands for nothing.
type unescape func(s []byte) (text string, size int)

func (v view) undo(decode unescape) view {
	n := len(v.text)
	out := view{text: make([]byte, 0, n), from: make([]int, 0, n), to: make([]int, 0, n)}
	for i := 0; i < n; {
		text, size := decode(v.text[i:])
		if size == 0 {
			text, size = string(v.text[i:i+1]), 1
		}
		from, to := i, i+size
		if v.from != nil {
			from, to = v.from[i], v.to[i+size-1]
		}
		for k := range len(text) {
			out.text = append(out.text, text[k])
			out.from, out.to = append(out.from, from), append(out.to, to)
		}
		i += size
	}
	return out
}

func anyEscape(s []byte) (string, int) {
	switch s[0] {
	case '%':
		return percent(s)
	case '\\':
		return backslash(s)
	case '&':
		return entity(s)
	}
	return "", 0
}

// percent reads %41 (RFC 3986 section 2.1).
func percent(s []byte) (string, int) {
	if s[0] != '%' {
		return "", 0
	}
	return hexByte(s, 1)
}

// hexByte reads the two digits behind an escape's first skip bytes.
func hexByte(s []byte, skip int) (string, int) {
	value, digits := hexValue(s[skip:], 2)
	switch {
	case digits == 2:
		return string([]byte{byte(value)}), skip + 2
	case skip+digits == len(s):
		return "", len(s)
	}
	return "", 0
}

// backslash reads the escapes of JSON (RFC 8259 section 7), and \x41.
func backslash(s []byte) (string, int) {
	if s[0] != '\\' {
		return "", 0
	}
	if len(s) == 1 {
		return "", 1
	}
	switch s[1] {
	case 'u':
		return unicodeEscape(s)
	case 'x':
		return hexByte(s, 2)
	}
	const letters, meant = `"\/'bfnrt`, "\"\\/'\b\f\n\r\t"
	if i := strings.IndexByte(letters, s[1]); i >= 0 {
		return meant[i : i+1], 2
	}
	return "", 0
}

func unicodeEscape(s []byte) (string, int) {
	high, digits := hexValue(s[2:], 4)
	switch {
	case digits < 4 && 2+digits == len(s):
		return "", len(s)
	case digits < 4:
		return "", 0
	case !utf16.IsSurrogate(rune(high)) || !bytes.HasPrefix(s[6:], []byte(`\u`)):
		return string(rune(high)), 6
	}
	low, digits := hexValue(s[8:], 4)
	if r := utf16.DecodeRune(rune(high), rune(low)); digits == 4 && r != utf8.RuneError {
		return string(r), 12
	}
	return string(rune(high)), 6
}

// hexValue reads up to limit hexadecimal digits.
func hexValue(s []byte, limit int) (value, digits int) {
	for digits < limit && digits < len(s) {
		d := strings.IndexByte("0123456789abcdef", s[digits]|0x20)
		if d < 0 || s[digits] < '0' {
			break
		}
		value, digits = value<<4|d, digits+1
	}
	return value, digits
}

// entity reads &quot; &#43; &#x2b;.
func entity(s []byte) (string, int) {
	const longest = 12
	if s[0] != '&' {
		return "", 0
	}
	for i := 1; i < len(s) && i < longest; i++ {
		switch c := s[i]; {
		case c == ';':
			if text := html.UnescapeString(string(s[:i+1])); utf8.RuneCountInString(text) <= 2 {
				return text, i + 1
			}
			return "", 0
		case c != '#' && (!base64Digit(c) || c == '+' || c == '/'):
			return "", 0
		}
	}
	if len(s) < longest {
		return "", len(s)
	}
	return "", 0
}
