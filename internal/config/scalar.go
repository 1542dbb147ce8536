package config

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// scalar gives a value as it is written: client_id: 0123 is 0123, whatever YAML would make of it.
func scalar(key string, n *yaml.Node) (string, error) {
	switch {
	case n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode:
		return "", &profile.KeyError{Key: key, Reason: "must be one value, not a list or a mapping"}
	case n.Value == "" || n.ShortTag() == "!!null":
		return "", &profile.KeyError{Key: key, Reason: "has no value", Hint: "remove the line, or say what it shall be"}
	}
	return n.Value, nil
}

// quotedOrText is scalar, but a pair of quotes with nothing in it is a value too.
func quotedOrText(key string, n *yaml.Node) (string, error) {
	if n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		return "", nil
	}
	return scalar(key, n)
}

// trimmed is scalar without the blanks and control characters around it, which no server expects in an id; it tells
// whether there were any.
func trimmed(key string, n *yaml.Node) (text string, cut bool, err error) {
	value, err := scalar(key, n)
	if err != nil {
		return "", false, err
	}
	text = strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	switch {
	case text == "":
		return "", false, &profile.KeyError{Key: key, Reason: "has no value"}
	case strings.ContainsFunc(text, unicode.IsControl):
		return "", false, &profile.KeyError{Key: key, Reason: "has a control character in it"}
	}
	return text, text != value, nil
}

// boolean takes true and false alone: yes and on are words of older YAML.
func boolean(key string, n *yaml.Node) (bool, error) {
	if n.Kind == yaml.ScalarNode && n.Style == 0 {
		switch n.Value {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return false, &profile.KeyError{Key: key, Reason: "must be true or false"}
}

// list gives the texts of a list; one text stands for a list of one.
func list(key string, n *yaml.Node) ([]string, error) {
	if n.Kind != yaml.SequenceNode {
		text, err := scalar(key, n)
		if err != nil {
			return nil, err
		}
		return []string{text}, nil
	}
	out := make([]string, len(n.Content))
	for i, item := range n.Content {
		var err error
		if out[i], err = scalar(nth(key, i), item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func decodeRef(key string, n *yaml.Node) (secret.Ref, error) {
	text, err := scalar(key, n)
	if err != nil {
		return secret.Ref{}, err
	}
	parse := secret.ParseRef
	if profile.HoldsDocument(key) {
		parse = secret.ParseDocumentRef
	}
	ref, err := parse(text)
	if err != nil {
		return secret.Ref{}, &profile.KeyError{
			Key: key, Reason: err.Error(),
			Hint: "a secret is env:NAME, file:PATH, keyring:ACCOUNT, command:ARGV, prompt: or the text itself",
		}
	}
	return ref, nil
}

func decodeStorage(n *yaml.Node) (string, error) {
	text, err := scalar("storage", n)
	if err != nil {
		return "", err
	}
	if e := CheckStorage(text); e != nil {
		return "", e
	}
	return text, nil
}
