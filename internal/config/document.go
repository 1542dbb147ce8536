package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	deepest      = 20
	mostProfiles = 1000
	noAliases    = "anchors (&) and aliases (*) are not allowed; quote a value that begins so"
)

// parse reads YAML into nodes, which keep the text of every scalar, its place and its comments. A document with
// nothing in it is nil.
func parse(data []byte) (*yaml.Node, error) {
	if err := checkText(data); err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntax(data, err)
	}
	if err := decoder.Decode(&more); err == nil {
		return nil, &problem{code: codeSyntax, line: more.Line, reason: "there is more than one YAML document"}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntax(data, err)
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil, nil
	}
	return root, nil
}

// checkText refuses what is not UTF-8 text, with a line, which the YAML library does not tell.
func checkText(data []byte) error {
	refuse := func(at int, reason string) error {
		return &problem{code: codeSyntax, line: 1 + bytes.Count(data[:at], []byte("\n")), reason: reason}
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return refuse(0, "the file is UTF-16; save it as UTF-8")
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return refuse(i, "the file is not UTF-8 here")
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f, r > 0x7f && r < 0xa0 && r != 0x85:
			return refuse(i, "there is a control character")
		}
		i += size
	}
	return nil
}

// checkTree refuses what YAML can do and a profile does not need, all the way down.
func checkTree(n *yaml.Node, depth int) error {
	if err := checkNode(n, depth); err != nil {
		return err
	}
	for _, child := range n.Content {
		if err := checkTree(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// checkNode refuses aliases, which can grow without bound, tags, merged mappings, keys that are no words, keys said
// twice, and depth.
func checkNode(n *yaml.Node, depth int) error {
	switch {
	case depth > deepest:
		return misused(n, "it is nested more than %d deep", deepest)
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return misused(n, noAliases)
	case n.Style&yaml.TaggedStyle != 0:
		return misused(n, "tags (!) are not allowed; quote a value that begins so")
	case n.Kind == yaml.MappingNode:
		return checkKeys(n)
	}
	return nil
}

func checkKeys(n *yaml.Node) error {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if err := checkNode(key, 0); err != nil {
			return err
		}
		switch {
		case key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge":
			return misused(key, "merge keys (<<) are not allowed")
		case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" || key.Value == "":
			return misused(key, "a key is not a word")
		}
		if first, ok := seen[key.Value]; ok {
			p := misused(key, "is said twice, first in line %d", first)
			p.key = showable(key.Value)
			return p
		}
		seen[key.Value] = key.Line
	}
	return nil
}

func misused(n *yaml.Node, format string, args ...any) *problem {
	return &problem{code: codeSyntax, line: n.Line, reason: fmt.Sprintf(format, args...)}
}
