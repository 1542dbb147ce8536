package config

import (
	"errors"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
)

// problem is what is wrong with a place in the file. It has no room for a value.
type problem struct {
	code    string
	line    int
	profile string // its name, or #3 where it has none
	key     string
	reason  string
	hint    string
}

// Error is the problem behind the path: `12: profile "entra": scopes: reason`.
func (p *problem) Error() string {
	var b strings.Builder
	if p.line > 0 {
		b.WriteString(strconv.Itoa(p.line) + ": ")
	}
	if p.profile != "" {
		b.WriteString("profile " + p.profile + ": ")
	}
	if p.key != "" {
		b.WriteString(p.key + ": ")
	}
	b.WriteString(p.reason)
	return b.String()
}

// fault makes the problem an error for the user; the line joins the path, as compilers write it.
func (p *problem) fault(path string) error {
	code := p.code
	if code == "" {
		code = "config.key"
	}
	separator := ":"
	if p.line == 0 {
		separator = ": "
	}
	e := fault.New(fault.Config, code, "%s%s%w", path, separator, p)
	if p.hint != "" {
		e.Hint("%s", p.hint)
	}
	return e
}

// at places what is wrong with a key of a mapping. Errors that are no problem of a key pass through.
func at(n *yaml.Node, label string, err error) error {
	if e, ok := errors.AsType[*profile.KeyError](err); ok {
		return &problem{line: locate(n, e.Key), profile: label, key: e.Key, reason: e.Reason, hint: e.Hint}
	}
	if p, ok := errors.AsType[*problem](err); ok && p.profile == "" {
		p.profile = label
	}
	return err
}

// locate gives the line of a key such as tls.ca_file or params[1].name, or of the nearest thing around it that the
// file has.
func locate(n *yaml.Node, key string) int {
	line := n.Line
	for _, step := range steps(key) {
		found, next := line, (*yaml.Node)(nil)
		switch i, err := strconv.Atoi(step); {
		case err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content):
			next = n.Content[i]
			found = next.Line
		case n.Kind == yaml.MappingNode:
			if k, v := lookUp(n, step); k != nil {
				next, found = v, k.Line
			}
		}
		if next == nil {
			return line
		}
		n, line = next, found
	}
	return line
}

// steps splits params[1].name into params, 1 and name.
func steps(key string) []string {
	return strings.FieldsFunc(key, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// lookUp finds a key of a mapping.
func lookUp(n *yaml.Node, key string) (name, value *yaml.Node) {
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// showable gives an unknown key for an error if it looks like a key, and so is no secret that slipped out of its line.
func showable(key string) string {
	if len(key) <= 40 && profile.ValidName(key) {
		return key
	}
	return "a key"
}
