package config

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/fault"
)

// editor changes the text of a file by whole lines, so that comments, order and spelling of the rest stay. It knows
// the lines from the nodes that the text was parsed to; line numbers here begin at 0.
type editor struct {
	path  string
	lines [][]byte // with their ends, as splitLines gives them
	root  *yaml.Node
}

func (ed *editor) bytes() []byte { return bytes.Join(ed.lines, nil) }

// entry finds a profile by name.
func (ed *editor) entry(name string) *yaml.Node {
	for _, n := range ed.entries() {
		if _, value := lookUp(n, "name"); value != nil && value.Value == name {
			return n
		}
	}
	return nil
}

func (ed *editor) entries() []*yaml.Node {
	if _, list := ed.top("profiles"); list != nil {
		return list.Content
	}
	return nil
}

func (ed *editor) top(key string) (name, value *yaml.Node) {
	if ed.root == nil {
		return nil, nil
	}
	return lookUp(ed.root, key)
}

// add puts an item behind the last profile.
func (ed *editor) add(item string) error {
	key, list := ed.top("profiles")
	switch {
	case key == nil:
		ed.insert(ed.end(len(ed.lines)), "profiles:\n"+indented(item, 2))
	case len(list.Content) == 0:
		line := key.Line - 1
		ed.lines[line] = bytes.Replace(ed.lines[line], []byte("[]"), nil, 1)
		ed.insert(line+1, indented(item, 2))
	case list.Style&yaml.FlowStyle != 0:
		return ed.tooClever(inBrackets)
	default:
		ed.insert(ed.regionEnd(key), indented(item, list.Column-1))
	}
	return nil
}

// remove takes the lines of an item out.
func (ed *editor) remove(name string) error {
	key, list := ed.top("profiles")
	if list.Style&yaml.FlowStyle != 0 {
		return ed.tooClever(inBrackets)
	}
	last := len(list.Content) - 1
	for i, n := range list.Content {
		if n != ed.entry(name) {
			continue
		}
		from, to := ed.itemStart(n, list.Column), ed.regionEnd(key)
		if i < last {
			to = ed.itemStart(list.Content[i+1], list.Column)
		}
		if last == 0 {
			line := key.Line - 1
			ed.lines[line] = bytes.Replace(ed.lines[line], []byte(":"), []byte(": []"), 1)
		}
		clear(ed.lines[from:to])
	}
	if key, value := ed.top("default_profile"); key != nil && value.Value == name {
		clear(ed.lines[key.Line-1 : value.Line])
	}
	return nil
}

// itemStart is the line of an item's dash, or of the comment right above it. What is indented deeper than the dash
// belongs to the item before: it may be a line of a text that begins with #.
func (ed *editor) itemStart(n *yaml.Node, column int) int {
	line := n.Line - 1
	for line > 0 && !bytes.HasPrefix(ed.from(line, column), []byte("-")) {
		line--
	}
	for line > 0 && bytes.HasPrefix(bytes.TrimLeft(ed.until(line-1, column), " "), []byte("#")) {
		line--
	}
	return line
}

// until gives a line up to a column and with it.
func (ed *editor) until(line, column int) []byte {
	return ed.lines[line][:min(column, len(ed.lines[line]))]
}

// from gives a line from a column on; columns begin at 1.
func (ed *editor) from(line, column int) []byte {
	return ed.lines[line][min(column-1, len(ed.lines[line])):]
}

// regionEnd is the line behind a top-level key's value: the next key's, or the end, less the comments and blank lines
// that belong to what follows.
func (ed *editor) regionEnd(key *yaml.Node) int {
	end := len(ed.lines)
	for i := 0; i < len(ed.root.Content); i += 2 {
		if next := ed.root.Content[i]; next.Line > key.Line && next.Line-1 < end {
			end = next.Line - 1
		}
	}
	return ed.end(end)
}

// end goes back from a line over blank lines, comments in the first column and the marks of a document's end.
func (ed *editor) end(line int) int {
	for line > 0 {
		text := bytes.TrimRight(ed.lines[line-1], " \t\r\n")
		if len(text) > 0 && text[0] != '#' && !bytes.Equal(text, []byte("...")) {
			break
		}
		line--
	}
	return line
}

// insert puts text before a line, with the line ends that the file has.
func (ed *editor) insert(line int, text string) {
	end := "\n"
	if len(ed.lines) > 0 {
		end = lineEnd(ed.lines[0])
	}
	if line > 0 && len(ed.lines[line-1]) == len(bytes.TrimRight(ed.lines[line-1], "\r\n")) {
		text = "\n" + text
	}
	text = strings.ReplaceAll(text, "\n", end)
	lines := append([][]byte{}, ed.lines[:line]...)
	ed.lines = append(append(lines, []byte(text)), ed.lines[line:]...)
}

const (
	inBrackets = "is written in brackets, which cannot be edited line by line"
	notByLine  = "is written in a way that cannot be edited line by line"
)

func (ed *editor) tooClever(reason string) error {
	return fault.New(fault.Config, "config.flow_list", "%s: profiles %s", ed.path, reason).
		Hint("change it in a text editor, then: authctl profile validate")
}

// indented puts blanks before each line.
func indented(text string, blanks int) string {
	margin := strings.Repeat(" ", blanks)
	return margin + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+margin) + "\n"
}
