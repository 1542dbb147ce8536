package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// reader turns the entries of one file into profiles.
type reader struct {
	*Loader
	file    *File
	private bool
	label   string          // of the entry being read: its quoted name, or #3
	noted   map[string]bool // the providers whose secret keys file knows
}

// decodeEntries takes the list of profiles apart without reading them.
func decodeEntries(n *yaml.Node) ([]*yaml.Node, error) {
	if err := checkNode(n, 1); err != nil {
		return nil, err
	}
	switch {
	case n.Kind != yaml.SequenceNode:
		return nil, &profile.KeyError{Key: "profiles", Reason: "must be a list", Hint: "- name: NAME, with the other keys below name"}
	case len(n.Content) > mostProfiles:
		return nil, &profile.KeyError{Key: "profiles", Reason: "has more than " + strconv.Itoa(mostProfiles) + " entries"}
	}
	for i, entry := range n.Content {
		if err := checkTree(entry, 2); err != nil {
			return nil, at(entry, label(entry, i), err)
		}
	}
	return n.Content, nil
}

// label names an entry in errors: by its name where it has a proper one.
func label(entry *yaml.Node, i int) string {
	if _, n := lookUp(entry, "name"); n != nil && n.Kind == yaml.ScalarNode && profile.ValidName(n.Value) {
		return strconv.Quote(n.Value)
	}
	return "#" + strconv.Itoa(i+1)
}

// profiles reads all entries, since a mistake in one profile may be why another is chosen.
func (r *reader) profiles() error {
	r.file.secrets, r.noted = map[string]bool{}, map[string]bool{}
	if r.file.StorageKey.Scheme == secret.Literal && !r.private {
		return &problem{line: r.file.storageKeyLine, key: "storage_key", reason: readableLiteral, hint: "chmod 600 " + quoted(r.file.Path)}
	}
	lines := map[string]int{}
	for i, entry := range r.file.entries {
		r.label = label(entry, i)
		p, err := r.entry(entry)
		if err != nil {
			return at(entry, r.label, err)
		}
		folded := strings.ToLower(p.Name)
		if line, taken := lines[folded]; taken {
			return at(entry, r.label, &profile.KeyError{
				Key: "name", Reason: fmt.Sprintf("the profile in line %d has this name already, upper and lower case aside", line),
			})
		}
		lines[folded] = locate(entry, "name")
		r.file.Profiles = append(r.file.Profiles, p)
	}
	if err := r.exchanges(); err != nil {
		return err
	}
	if name := r.file.DefaultProfile; name != "" && r.file.index(name) < 0 {
		return &problem{
			line: r.file.defaultLine, key: "default_profile", reason: "there is no such profile",
			hint: "profiles: " + strings.Join(r.file.Names(), ", "),
		}
	}
	return nil
}

const readableLiteral = "a secret stands here in plain text, and others can read the file"

func (r *reader) entry(n *yaml.Node) (*profile.Profile, error) {
	if n.Kind != yaml.MappingNode {
		return nil, &problem{line: n.Line, reason: "must be a mapping that begins with name:"}
	}
	provider, err := r.provider(n)
	if err != nil {
		return nil, err
	}
	p := &profile.Profile{Own: profile.Values{}, Said: make(map[string]bool, len(n.Content)/2)}
	for i := 0; i < len(n.Content); i += 2 {
		p.Said[n.Content[i].Value] = true
		if err := r.key(p, provider, n.Content[i], n.Content[i+1]); err != nil {
			return nil, err
		}
	}
	if err := r.complete(p); err != nil {
		return nil, err
	}
	if !p.ProxyPassword().IsZero() && !r.private {
		return nil, &profile.KeyError{Key: "proxy", Reason: readableLiteral, Hint: "chmod 600 " + quoted(r.file.Path)}
	}
	for _, said := range p.Refs() {
		// A header's plain value is no secret by declaration.
		if said.Ref.Scheme == secret.Literal && !r.private && !strings.HasPrefix(said.Key, "headers[") {
			return nil, &profile.KeyError{Key: said.Key, Reason: readableLiteral, Hint: "chmod 600 " + quoted(r.file.Path)}
		}
	}
	return p, nil
}

func (r *reader) provider(n *yaml.Node) (Provider, error) {
	_, value := lookUp(n, "provider")
	if value == nil {
		return Provider{}, &profile.KeyError{Key: "provider", Reason: "is required", Hint: "one of: " + strings.Join(r.names(), ", ")}
	}
	name, err := scalar("provider", value)
	if err != nil {
		return Provider{}, err
	}
	if provider, ok := r.Providers[name]; ok {
		r.noteSecrets(name)
		return provider, nil
	}
	e := &profile.KeyError{Key: "provider", Reason: "is not known", Hint: "one of: " + strings.Join(r.names(), ", ")}
	if near := Nearest(name, r.names()); near != "" {
		e.Hint = "did you mean " + near + "? " + e.Hint
	}
	return Provider{}, e
}

// noteSecrets remembers which keys hold secrets, once for each provider.
func (r *reader) noteSecrets(provider string) {
	if r.noted[provider] {
		return
	}
	r.noted[provider] = true
	for _, key := range r.SecretKeys(provider) {
		r.file.secrets[key] = true
	}
}

func (l *Loader) names() []string { return slices.Sorted(maps.Keys(l.Providers)) }

// key decodes one key of an entry.
func (r *reader) key(p *profile.Profile, provider Provider, k, n *yaml.Node) error {
	known, err := r.common(p, k.Value, n)
	if known {
		return err
	}
	for _, key := range provider.Keys {
		if key.Name == k.Value {
			p.Own[key.Name], err = r.own(key.Name, key, n)
			return err
		}
	}
	if others := r.having(k.Value); len(others) > 0 {
		return &profile.KeyError{
			Key: k.Value, Reason: "the provider of this profile has no such key",
			Hint: "provider: " + strings.Join(others, " or ") + ", or remove the line",
		}
	}
	return unknownKey("", k, append(commonKeys(), built(provider.Keys)...))
}

// built names the keys whose features there are.
func built(keys []profile.Key) []string {
	return names(slices.DeleteFunc(slices.Clone(keys), func(key profile.Key) bool { return key.Later }))
}

// having names the providers that have a key.
func (l *Loader) having(key string) []string {
	return slices.DeleteFunc(l.names(), func(name string) bool {
		return !slices.ContainsFunc(l.Providers[name].Keys, func(k profile.Key) bool { return k.Name == key && !k.Later })
	})
}

// id is a text that is sent as it is, but for blanks around it.
func (r *reader) id(key string, n *yaml.Node) (string, error) {
	text, cut, err := trimmed(key, n)
	if cut {
		r.file.Warnings = append(r.file.Warnings,
			fmt.Sprintf("%s:%d: profile %s: %s: blanks around the value were cut", r.file.Path, n.Line, r.label, key))
	}
	return text, err
}

// SecretKeys lists the keys of a provider's profiles that hold secret references; those in mappings by their path, as
// assertion.key.
func (l *Loader) SecretKeys(provider string) []string {
	top, nested := profile.SecretKeys()
	return append(append(top, nested...), secretsAmong("", l.Providers[provider].Keys)...)
}

func secretsAmong(prefix string, keys []profile.Key) []string {
	var out []string
	for _, key := range keys {
		if key.Type == profile.Secret && !key.Later {
			out = append(out, prefix+key.Name)
		}
		out = append(out, secretsAmong(prefix+key.Name+".", key.Members)...)
	}
	return out
}

// path makes a file's name absolute: ~ is the home folder, and what is relative lies beside profiles.yaml.
func (r *reader) path(key string, n *yaml.Node) (string, error) {
	text, err := scalar(key, n)
	if err != nil {
		return "", err
	}
	expanded := r.fromHome(text)
	switch {
	case strings.HasPrefix(text, "~") && expanded == text:
		return "", &profile.KeyError{Key: key, Reason: "~ stands for your own home folder alone, which must be known"}
	case filepath.IsAbs(expanded):
		return expanded, nil
	}
	return filepath.Join(r.file.Dir, expanded), nil
}
