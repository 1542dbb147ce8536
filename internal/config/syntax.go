package config

import (
	"bytes"
	"errors"
	"io"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxSearched is up to which size the line of a mistake is searched for; people's files are far smaller.
const maxSearched = 64 << 10

// syntax makes the YAML library's error one of ours: with the line where reading failed, and only such words of the
// library as hold nothing of the file.
func syntax(data []byte, err error) error {
	p := &problem{
		code: codeSyntax, line: 1, reason: "this is not YAML",
		hint: "a colon needs a blank behind it; quote values that hold ': ' or ' #' or begin with one of * & ! % @ ` { [; indent with blanks, not tabs",
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, cause, _ := strings.Cut(rest, ": ")
		if line, err := strconv.Atoi(number); err == nil {
			p.line, text = line, cause
		}
	}
	if rest, ok := strings.CutPrefix(text, "unknown anchor '"); ok {
		name, _, _ := strings.Cut(rest, "'")
		before, _, _ := bytes.Cut(data, []byte("*"+name))
		p.line, p.reason = 1+bytes.Count(before, []byte("\n")), noAliases
		return p
	}
	// The library's parser counts lines from 0, and names the line where the list or mapping began.
	if strings.HasPrefix(text, "did not find expected") {
		p.line = firstBadLine(data, p.line+1)
	}
	if bytes.Contains(lineOf(data, p.line), []byte("prompt:")) {
		p.hint = `put it in quotes: "prompt:"`
	}
	if !strings.Contains(text, "\n") {
		p.reason += ": " + text
	}
	return p
}

// firstBadLine is the line with which a file begins to be wrong.
func firstBadLine(data []byte, guess int) int {
	if len(data) > maxSearched {
		return guess
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	return 1 + sort.Search(len(lines)-1, func(last int) bool {
		var n yaml.Node
		err := yaml.NewDecoder(bytes.NewReader(bytes.Join(lines[:last+1], nil))).Decode(&n)
		return err != nil && !errors.Is(err, io.EOF)
	})
}

func lineOf(data []byte, line int) []byte {
	lines := bytes.Split(data, []byte("\n"))
	return lines[min(max(line, 1), len(lines))-1]
}
