package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/profile"
)

// own decodes a key that the provider declares; path is its name, behind those of the mappings around it.
func (r *reader) own(path string, key profile.Key, n *yaml.Node) (value any, err error) {
	switch {
	case key.Later:
		return nil, &profile.KeyError{Key: path, Reason: profile.NotYet}
	case key.Type == profile.Text:
		return r.word(path, key, n)
	case key.Type == profile.Path:
		return r.path(path, n)
	case key.Type == profile.Secret:
		return decodeRef(path, n)
	case key.Type == profile.Bool:
		return boolean(path, n)
	case key.Type == profile.URL:
		text, err := scalar(path, n)
		if err != nil {
			return nil, err
		}
		return text, profile.CheckURL(path, text)
	case key.Type == profile.WordOrMap && n.Kind == yaml.ScalarNode:
		return r.word(path, key, n)
	}
	return r.ownMembers(path, key, n)
}

// word is a text; where the key has words, it is one of them.
func (r *reader) word(path string, key profile.Key, n *yaml.Node) (string, error) {
	text, err := r.id(path, n)
	if err != nil || len(key.Words) == 0 || slices.Contains(key.Words, text) {
		return text, err
	}
	e := &profile.KeyError{Key: path, Reason: "must be one of " + strings.Join(key.Words, ", ")}
	if key.Type == profile.WordOrMap {
		e.Reason = "must be " + strings.Join(key.Words, ", ") + " or a mapping"
		e.Hint = "members: " + strings.Join(names(key.Members), ", ")
	}
	return "", e
}

func (r *reader) ownMembers(path string, key profile.Key, n *yaml.Node) (profile.Values, error) {
	out := profile.Values{}
	return out, mapping(path, n, names(key.Members), func(member string, value *yaml.Node) (err error) {
		i := slices.IndexFunc(key.Members, func(k profile.Key) bool { return k.Name == member })
		out[member], err = r.own(path+"."+member, key.Members[i], value)
		return err
	})
}

func names(keys []profile.Key) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = key.Name
	}
	return out
}

// mapping calls decode with each member of a mapping that has none but the known ones, and at least one.
func mapping(path string, n *yaml.Node, known []string, decode func(member string, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return &profile.KeyError{Key: path, Reason: "must be a mapping", Hint: "members: " + strings.Join(known, ", ")}
	}
	for i := 0; i < len(n.Content); i += 2 {
		if !slices.Contains(known, n.Content[i].Value) {
			return unknownKey(path+".", n.Content[i], known)
		}
		if err := decode(n.Content[i].Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}
