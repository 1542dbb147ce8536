package config

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/profile"
)

// scopes are a list, or one string with blanks between them; an empty list sends no scope.
func scopes(key string, n *yaml.Node) ([]string, error) {
	if n.Kind == yaml.SequenceNode {
		return list(key, n)
	}
	text, err := scalar(key, n)
	if err != nil {
		return nil, err
	}
	out := strings.Fields(text)
	if len(out) == 0 {
		return nil, &profile.KeyError{Key: key, Reason: "has no value", Hint: "scopes: [] sends no scope"}
	}
	return out, nil
}

func duration(key string, n *yaml.Node) (time.Duration, error) {
	text, err := scalar(key, n)
	if err != nil {
		return 0, err
	}
	return profile.ParseDuration(key, text)
}

func statuses(key string, n *yaml.Node) ([]int, error) {
	items := n.Content
	if n.Kind == yaml.ScalarNode {
		items = []*yaml.Node{n}
	}
	out := make([]int, len(items))
	for i, item := range items {
		status, err := strconv.ParseUint(item.Value, 10, 16)
		if err != nil || item.Kind != yaml.ScalarNode || item.Style != 0 || n.Kind == yaml.MappingNode {
			return nil, &profile.KeyError{Key: nth(key, i), Reason: "must be a status from 400 to 599"}
		}
		out[i] = int(status)
	}
	return out, nil
}

// members calls decode with each item of a list of {name, value}.
func members(key string, n *yaml.Node, decode func(item string, name string, value *yaml.Node) error) error {
	if n.Kind != yaml.SequenceNode {
		return &profile.KeyError{Key: key, Reason: "must be a list of {name: ..., value: ...}"}
	}
	for i, item := range n.Content {
		if err := member(nth(key, i), item, decode); err != nil {
			return err
		}
	}
	return nil
}

func member(key string, n *yaml.Node, decode func(item string, name string, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return &profile.KeyError{Key: key, Reason: "must be {name: ..., value: ...}"}
	}
	for i := 0; i < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Value != "name" && k.Value != "value" {
			return unknownKey(key+".", k, []string{"name", "value"})
		}
	}
	_, nameNode := lookUp(n, "name")
	_, value := lookUp(n, "value")
	switch {
	case nameNode == nil:
		return &profile.KeyError{Key: key + ".name", Reason: "is required"}
	case value == nil:
		return &profile.KeyError{Key: key + ".value", Reason: "is required"}
	}
	name, err := scalar(key+".name", nameNode)
	if err != nil {
		return err
	}
	return decode(key, name, value)
}

func params(key string, n *yaml.Node) ([]profile.Param, error) {
	var out []profile.Param
	err := members(key, n, func(item, name string, value *yaml.Node) error {
		text, err := quotedOrText(item+".value", value)
		out = append(out, profile.Param{Name: name, Value: text})
		return err
	})
	return out, err
}

func headers(key string, n *yaml.Node) ([]profile.Header, error) {
	var out []profile.Header
	err := members(key, n, func(item, name string, value *yaml.Node) error {
		ref, err := decodeRef(item+".value", value)
		out = append(out, profile.Header{Name: name, Value: ref})
		return err
	})
	return out, err
}

func (r *reader) tls(key string, n *yaml.Node) (profile.TLS, error) {
	var out profile.TLS
	if n.Kind != yaml.MappingNode {
		return out, &profile.KeyError{Key: key, Reason: "must be a mapping", Hint: "tls: {ca_file: PATH}"}
	}
	for i := 0; i < len(n.Content); i += 2 {
		if err := r.tlsMember(&out, n.Content[i], n.Content[i+1]); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (r *reader) tlsMember(out *profile.TLS, k, n *yaml.Node) (err error) {
	key := "tls." + k.Value
	switch k.Value {
	case "ca_file":
		out.CAFile, err = r.path(key, n)
	case "cert_file":
		out.CertFile, err = r.path(key, n)
	case "key_file":
		out.KeyFile, err = r.path(key, n)
	case "server_name":
		out.ServerName, err = r.id(key, n)
	case "min_version":
		out.MinVersion, err = scalar(key, n)
	case "insecure_skip_verify":
		out.InsecureSkipVerify, err = boolean(key, n)
	case "insecure_token_endpoint":
		out.InsecureTokenEndpoint, err = boolean(key, n)
	default:
		err = unknownKey("tls.", k, strings.Fields("ca_file cert_file key_file server_name min_version insecure_skip_verify insecure_token_endpoint"))
	}
	return err
}
