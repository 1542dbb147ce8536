package config

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/secret"
)

// Show gives a profile as the user wrote it, as YAML, with [redacted] for every secret and header that stands in the
// file as text. Comments are left out: an old password may stand in one.
func (f *File) Show(name string) (string, error) {
	if _, err := f.find(name, ""); err != nil {
		return "", err
	}
	shown := f.masked(f.entries[f.index(name)])
	var b strings.Builder
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(shown); err != nil {
		return "", err
	}
	return b.String(), encoder.Close()
}

func (f *File) masked(entry *yaml.Node) *yaml.Node {
	out := bare(entry)
	for i := 0; i < len(out.Content); i += 2 {
		key, value := out.Content[i].Value, out.Content[i+1]
		switch {
		case key == "proxy" && strings.Contains(value.Value, "@"):
			*value = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: secret.Redacted}
		case key == "headers" || key == "token_headers":
			for _, item := range value.Content {
				if _, text := lookUp(item, "value"); text != nil {
					maskLiteral(text)
				}
			}
		default:
			f.mask(key, value)
		}
	}
	return out
}

// mask hides what stands as text where a secret reference may, however deep in mappings; path is the key's.
func (f *File) mask(path string, n *yaml.Node) {
	if f.secrets[path] {
		maskLiteral(n)
		return
	}
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		f.mask(path+"."+n.Content[i].Value, n.Content[i+1])
	}
}

// bare copies a node without comments.
func bare(n *yaml.Node) *yaml.Node {
	out := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value}
	for _, child := range n.Content {
		out.Content = append(out.Content, bare(child))
	}
	return out
}

func maskLiteral(n *yaml.Node) {
	if ref, err := secret.ParseRef(n.Value); err != nil || ref.Scheme == secret.Literal {
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: secret.Redacted}
	}
}
