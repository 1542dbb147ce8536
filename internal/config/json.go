package config

import (
	"bytes"
	"encoding/json"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/profile"
)

// details gives authorization_details (RFC 9396 section 2) as JSON: a list of mappings, each with a type.
func details(key string, n *yaml.Node) (string, error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return "", &profile.KeyError{Key: key, Reason: "must be a list of mappings", Hint: key + ": [{type: payment_initiation}]"}
	}
	for i, item := range n.Content {
		if item.Kind != yaml.MappingNode {
			return "", &profile.KeyError{Key: nth(key, i), Reason: "must be a mapping with a type"}
		}
		_, kind := lookUp(item, "type")
		if kind == nil {
			return "", &profile.KeyError{Key: nth(key, i) + ".type", Reason: "is required (RFC 9396 section 2)"}
		}
		if text, err := jsonScalar(nth(key, i)+".type", kind); err != nil {
			return "", err
		} else if len(text) < len(`"x"`) || text[0] != '"' {
			return "", &profile.KeyError{Key: nth(key, i) + ".type", Reason: "must be a text"}
		}
	}
	return jsonText(key, n)
}

// claims gives further claims of an assertion as JSON. Those that other members say, or that are made for each
// request, cannot be among them.
func claims(key string, n *yaml.Node) (string, error) {
	if n.Kind != yaml.MappingNode {
		return "", &profile.KeyError{Key: key, Reason: "must be a mapping"}
	}
	if len(n.Content) == 0 {
		return "", &profile.KeyError{Key: key, Reason: "has no value", Hint: "remove the line, or say what it shall be"}
	}
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if slices.Contains([]string{"iss", "sub", "aud", "iat", "exp", "jti"}, name) {
			return "", &profile.KeyError{
				Key: key + "." + name, Reason: "is set by the grant",
				Hint: "issuer, subject, audience and ttl are members of the assertion beside claims",
			}
		}
	}
	return jsonText(key, n)
}

// jsonText writes YAML as JSON: members keep their order and numbers their text.
func jsonText(key string, n *yaml.Node) (string, error) {
	var b bytes.Buffer
	if err := writeJSON(&b, key, n); err != nil {
		return "", err
	}
	return b.String(), nil
}

func writeJSON(b *bytes.Buffer, key string, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		return writeObject(b, key, n)
	case yaml.SequenceNode:
		return writeArray(b, key, n)
	}
	text, err := jsonScalar(key, n)
	b.WriteString(text)
	return err
}

func writeObject(b *bytes.Buffer, key string, n *yaml.Node) error {
	open := byte('{')
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i].Value
		text, err := jsonString(name)
		if err != nil {
			return err
		}
		b.WriteByte(open)
		b.WriteString(text + ":")
		if err := writeJSON(b, key+"."+showable(name), n.Content[i+1]); err != nil {
			return err
		}
		open = ','
	}
	if open == '{' {
		b.WriteByte(open)
	}
	b.WriteByte('}')
	return nil
}

func writeArray(b *bytes.Buffer, key string, n *yaml.Node) error {
	b.WriteByte('[')
	for i, item := range n.Content {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeJSON(b, nth(key, i), item); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}

// jsonScalar keeps what JSON spells in the same way: numbers, true, false and null. All else is a text as it is
// written, 0123 and yes among it.
func jsonScalar(key string, n *yaml.Node) (string, error) {
	switch {
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
	case n.Value != "null" && n.ShortTag() == "!!null":
		return "", &profile.KeyError{Key: key, Reason: "has no value", Hint: `write null, or "" for an empty text`}
	case n.Kind == yaml.ScalarNode && json.Valid([]byte(n.Value)) && n.Value[0] != '"':
		return n.Value, nil
	}
	return jsonString(n.Value)
}

func jsonString(text string) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(text)
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
}
