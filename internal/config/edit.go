package config

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
)

// Add appends a profile to the file at path, which it makes if there is none. The rest of the file keeps every byte.
// Nothing is written that would not load.
func (l *Loader) Add(ctx context.Context, path string, e Entry) error {
	unlock, err := l.alone(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	text, src, err := l.edited(ctx, path)
	if err != nil {
		return err
	}
	name := e.name()
	if text.entry(name) != nil {
		return fault.New(fault.Config, "config.profile_exists", "%s has a profile %q already", path, name).
			Hint("see it: authctl profile show %s", name).Hint("or choose another name")
	}
	item, err := e.yaml()
	if err != nil {
		return err
	}
	list, err := parsedItem(item)
	if p, ok := errors.AsType[*problem](err); ok {
		return p.fault(path)
	}
	if err != nil {
		return err
	}
	wanted := slices.Concat(text.entries(), list.Content)
	if err := text.add(item); err != nil {
		return err
	}
	return e.blame(path, len(wanted), l.writeEdited(text, src, wanted))
}

// Read makes the entry a profile as it would stand in the file at path.
func (l *Loader) Read(path string, e Entry) (*profile.Profile, error) {
	item, err := e.yaml()
	if err != nil {
		return nil, err
	}
	file, err := l.Check(path, []byte("profiles:\n"+item))
	if err != nil {
		return nil, e.blame(path, 1, err)
	}
	return file.Profiles[0], nil
}

// Remove takes a profile out of the file at path, with the comment above it, and with default_profile if that names
// it. The rest of the file keeps every byte.
func (l *Loader) Remove(ctx context.Context, path, name string) error {
	unlock, err := l.alone(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	file, err := l.Load(ctx, path)
	if err != nil {
		return err
	}
	if _, err := file.find(name, ""); err != nil {
		return err
	}
	text, src, err := l.edited(ctx, path)
	if err != nil {
		return err
	}
	gone := text.entry(name)
	wanted := slices.DeleteFunc(slices.Clone(text.entries()), func(n *yaml.Node) bool { return n == gone })
	if err := text.remove(name); err != nil {
		return err
	}
	return l.writeEdited(text, src, wanted)
}

// Replace writes data as the file at path, once it is known to load.
func (l *Loader) Replace(ctx context.Context, path string, data []byte) error {
	unlock, err := l.alone(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	_, src, err := l.edited(ctx, path)
	if f := fault.From(err); err != nil && f.Kind != fault.Config {
		return err
	}
	if _, err := l.loadable(path, src, data); err != nil {
		return err
	}
	return l.replace(path, src, data)
}

// edited opens the file as text with its nodes; a file that does not exist is empty.
func (l *Loader) edited(ctx context.Context, path string) (*editor, source, error) {
	if err := ctx.Err(); err != nil {
		return nil, source{}, err
	}
	src, err := l.open(path)
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == codeNotFound {
		return &editor{path: path}, source{mode: 0o600, private: true}, nil
	}
	if err != nil {
		return nil, source{}, err
	}
	root, err := parse(src.data)
	if p, ok := errors.AsType[*problem](err); ok {
		return nil, src, p.fault(path)
	}
	return &editor{path: path, lines: splitLines(src.data), root: root}, src, err
}

// Setting is one key of a new profile. Key may be a path such as tls.ca_file; Value is a string, a bool or a
// []string.
type Setting struct {
	Key   string
	Value any
}

// Entry is a new profile: its settings in the order in which they shall be written, name and provider first.
type Entry []Setting

func (e Entry) name() string {
	for _, s := range e {
		if name, ok := s.Value.(string); ok && s.Key == "name" {
			return name
		}
	}
	return ""
}

// blame leaves the line out of what is wrong with the entry, which is the nth profile: the file has no such line.
func (e Entry) blame(path string, nth int, err error) error {
	p, ok := errors.AsType[*problem](err)
	if !ok || p.profile != strconv.Quote(e.name()) && p.profile != "#"+strconv.Itoa(nth) {
		return err
	}
	bare := *p
	bare.line = 0
	bare.hint = cmp.Or(bare.hint, "authctl profile add --help")
	if e.inBraces(p.key) {
		bare.hint = "KEY=VALUE takes no mapping: write it into the file, or give its members by path, as tls.ca_file=PATH"
	}
	return bare.fault(path)
}

// inBraces reports whether the key's value was meant as YAML.
func (e Entry) inBraces(key string) bool {
	return slices.ContainsFunc(e, func(s Setting) bool {
		text, _ := s.Value.(string)
		if list, ok := s.Value.([]string); ok && len(list) > 0 {
			text = list[0]
		}
		return strings.HasPrefix(text, "{") && strings.HasPrefix(key, s.Key)
	})
}

// yaml writes the entry as an item of a list that begins in the first column.
func (e Entry) yaml() (string, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range e {
		if err := put(root, s); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{root}}); err != nil {
		return "", err
	}
	return b.String(), encoder.Close()
}

// parsedItem reads the list of one item again, as a file would have it. Its lines are those of no file.
func parsedItem(item string) (*yaml.Node, error) {
	list, err := parse([]byte(item))
	if err == nil {
		err = checkTree(list, 1)
	}
	if p, ok := errors.AsType[*problem](err); ok {
		p.line = 0
	}
	return list, err
}

func put(n *yaml.Node, s Setting) error {
	key, rest, nested := strings.Cut(s.Key, ".")
	name, value := lookUp(n, key)
	if name == nil {
		value = &yaml.Node{}
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	}
	if nested {
		value.Kind = yaml.MappingNode
		return put(value, Setting{rest, s.Value})
	}
	if err := value.Encode(s.Value); err != nil {
		return err
	}
	unquote(value)
	for _, item := range value.Content {
		value.Style = yaml.FlowStyle
		unquote(item)
	}
	return nil
}

// unquote lets a number or a date stand without quotes, since this package's reader keeps their text.
func unquote(n *yaml.Node) {
	var plain yaml.Node
	if n.Kind != yaml.ScalarNode || yaml.Unmarshal([]byte(n.Value), &plain) != nil || len(plain.Content) != 1 {
		return
	}
	switch text := plain.Content[0]; text.ShortTag() {
	case "!!int", "!!float", "!!timestamp":
		if text.Style == 0 && text.Value == n.Value {
			n.Tag, n.Style = text.Tag, 0
		}
	}
}

// alone waits until no other process changes the file: two that added a profile at once would lose one of them. A
// symbolic link and its target are one file.
func (l *Loader) alone(ctx context.Context, path string) (unlock func(), err error) {
	if l.Lock == nil {
		return func() {}, nil
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return l.Lock(ctx, "profiles "+realPath(path))
}

// writeEdited replaces the file with the edited text, once it loads and its entries say what the wanted ones do. Text
// that was written in a way that the editor does not know is left alone.
func (l *Loader) writeEdited(text *editor, src source, wanted []*yaml.Node) error {
	data := text.bytes()
	file, err := l.loadable(text.path, src, data)
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == codeSyntax {
		return text.tooClever(notByLine)
	}
	if err != nil {
		return err
	}
	if file != nil && !same(file.entries, wanted) || file == nil && len(wanted) > 0 {
		return text.tooClever(notByLine)
	}
	return l.replace(text.path, src, data)
}

// same reports whether nodes hold the same values, however they are written.
func same(a, b []*yaml.Node) bool {
	return slices.EqualFunc(a, b, func(x, y *yaml.Node) bool {
		return x.Kind == y.Kind && x.ShortTag() == y.ShortTag() && x.Value == y.Value && same(x.Content, y.Content)
	})
}

// loadable reads data as the content of the file; one without profiles is nil.
func (l *Loader) loadable(path string, src source, data []byte) (*File, error) {
	if len(data) > maxFile {
		return nil, tooLarge(path)
	}
	file, err := l.read(path, source{data: data, private: src.private})
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Code == codeNoProfiles {
		return nil, nil
	}
	return file, err
}
