// Package internal_test holds the house's floors: who may import whom, and what no room may keep at package level.
// Files are parsed rather than asked for with go list, so that the files of every platform count.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/authctl/authctl/"

// room is a row of the table in docs/architecture.md. Its lists are blank-separated patterns of path.Match, or prefixes
// that end in "/..."; packages of this module are named without the module's path and "internal/".
type room struct {
	folder string
	may    string // this module's and third parties' packages
	never  string // the standard library's, which is allowed otherwise
}

// rooms is the table; a folder's row is the first that matches.
func rooms() []room {
	return []room{
		{folder: "cmd/authctl", may: "fault secret profile iostreams browser qr httpx jose dpop grant tokenstore/... config provider/... call auth " +
			"sandbox cli golang.org/x/sys/..."},
		// httpx: what servers said is made visible where it is printed; tokenstore: `token list` shows its records.
		{folder: "internal/cli/...", may: "auth call/... child curl relay sandbox config profile secret fault iostreams words " +
			"httpx tokenstore cli/... github.com/schollz/progressbar/v3 github.com/spf13/cobra github.com/spf13/pflag golang.org/x/sys/windows"},
		{folder: "internal/sandbox/...", may: "secret fault"},
		// secret: the session hands tokens on and binds records to secrets.
		{folder: "internal/auth", may: "provider grant tokenstore profile secret fault", never: "os net/http/..."},
		{folder: "internal/call", may: "httpx secret fault golang.org/x/sys/unix"},
		{folder: "internal/call/shape", may: "httpx secret fault github.com/itchyny/gojq github.com/DataDog/datadog-agent/pkg/template/text"},
		{folder: "internal/call/*", may: "call call/shape httpx secret fault"},
		{folder: "internal/relay", may: "httpx secret fault"},
		{folder: "internal/curl", may: "httpx secret fault", never: "os os/exec"},
		{folder: "internal/child", may: "secret golang.org/x/sys/..."},
		{folder: "internal/provider", may: "grant jose dpop profile secret fault"},
		{folder: "internal/provider/all", may: "provider/..."},
		// discovery: what any provider may ask an issuer; oidc is the one that does.
		{folder: "internal/provider/oidc", may: "provider provider/discovery grant profile fault"},
		{folder: "internal/provider/*", may: "provider grant jose dpop profile secret fault"},
		{
			folder: "internal/config", may: "profile secret fault github.com/spf13/viper go.yaml.in/yaml/v3 golang.org/x/sys/...",
			never: "net/http/...",
		},
		{folder: "internal/grant", may: "callback jose dpop httpx secret fault golang.org/x/oauth2", never: "os"},
		{
			folder: "internal/jose", may: "secret fault github.com/go-jose/go-jose/v4 github.com/go-jose/go-jose/v4/json " +
				"software.sslmate.com/src/go-pkcs12", never: "os net/http/...",
		},
		{folder: "internal/callback", may: "secret fault", never: "os"},
		// child: finds programs and makes environments without the key of the token files.
		{folder: "internal/browser", may: "child httpx fault words", never: "os"},
		{folder: "internal/qr", may: "rsc.io/qr", never: "os net/http/..."},
		{folder: "internal/dpop", may: "jose httpx secret fault", never: "os"},
		{folder: "internal/profile", may: "secret fault", never: "os net/http/..."},
		{folder: "internal/tokenstore", may: "secret fault", never: "net/http/..."},
		{folder: "internal/tokenstore/privatefile", may: "golang.org/x/sys/...", never: "net/http/..."},
		{folder: "internal/tokenstore/keyring/keyringtest", may: "tokenstore tokenstore/keyring secret fault"},
		// sealed, lock: a record above the platform's limit lies sealed, and the index is written under a lock.
		{folder: "internal/tokenstore/keyring", may: "tokenstore tokenstore/sealed tokenstore/lock tokenstore/privatefile " +
			"secret fault github.com/zalando/go-keyring github.com/godbus/dbus/v5", never: "net/http/..."},
		{
			folder: "internal/tokenstore/*", may: "tokenstore tokenstore/privatefile secret fault github.com/gofrs/flock",
			never: "net/http/...",
		},
		{folder: "internal/httpx", may: "secret fault stack golang.org/x/net/..."},
		{folder: "internal/iostreams", may: "secret fault golang.org/x/term golang.org/x/sys/..."},
		// fault: a reference that cannot be resolved says what to type.
		{folder: "internal/secret", may: "fault words golang.org/x/sys/...", never: "net/http/..."},
		{folder: "internal/fault"},
		{folder: "internal/stack"},
		{folder: "internal/words"},

		{folder: "internal/authtest", may: "tokenstore grant httpx secret fault golang.org/x/net/..."},
		{folder: "internal/docgen", may: "cli iostreams config github.com/spf13/cobra/... github.com/spf13/pflag"},
		// a module of its own: a server that others wrote
		{folder: "internal/integration/kit/zitadel", may: "github.com/zitadel/oidc/v3/..."},
		{folder: "internal/integration/...", may: "integration/... github.com/godbus/dbus/v5"},
	}
}

// exceptions are package variables and an init that stay, each with its reason.
func exceptions() map[string]string {
	return map[string]string{
		"cmd/authctl.version":  "the linker sets it",
		"internal/fault.kinds": "a constant table, which Go cannot say",
		"internal/stack.init":  "what it does is of use only before the other packages' own",
	}
}

func TestEveryRoomImportsOnlyTheFloorsBelow(t *testing.T) {
	table := rooms()
	for folder, files := range sources(t) {
		i := slices.IndexFunc(table, func(r room) bool { return matches(r.folder, folder) })
		if i < 0 {
			t.Errorf("%s has no row: give it one here and in docs/architecture.md", folder)
			continue
		}
		for _, file := range files {
			for _, spec := range file.Imports {
				name, _ := strconv.Unquote(spec.Path.Value)
				if why := table[i].refuses(name); why != "" {
					t.Errorf("%s imports %s: %s", folder, name, why)
				}
			}
		}
	}
}

func (r room) refuses(name string) string {
	short := strings.TrimPrefix(name, module+"internal/")
	in := func(list string) bool {
		return slices.ContainsFunc(strings.Fields(list), func(pattern string) bool { return matches(pattern, short) })
	}
	first, _, _ := strings.Cut(name, "/")
	switch standard := !strings.Contains(first, "."); {
	case standard && in(r.never):
		return "the room may never"
	case !standard && !in(r.may):
		return "not in the room's row"
	}
	return ""
}

func TestNoRoomKeepsStateOrEndsTheProgram(t *testing.T) {
	kept := exceptions()
	for folder, files := range sources(t) {
		command := strings.HasPrefix(folder, "cmd/")
		for _, file := range files {
			main := file.Name.Name == "main"
			for _, decl := range file.Decls {
				for _, name := range state(decl) {
					if kept[folder+"."+name] == "" {
						t.Errorf("%s: package variable %s", folder, name)
					}
				}
				if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" && kept[folder+".init"] == "" {
					t.Errorf("%s: init()", folder)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch call := selector(n); {
				case call == "os.Exit" && !main, (call == "context.Background" || call == "context.TODO") && !main && !command:
					t.Errorf("%s: %s", folder, call)
				}
				return true
			})
		}
	}
}

// state lists the package variables of a declaration but for errors, compiled regexps and interface assertions.
func state(decl ast.Decl) []string {
	gen, ok := decl.(*ast.GenDecl)
	if !ok || gen.Tok != token.VAR {
		return nil
	}
	var names []string
	for _, spec := range gen.Specs {
		value := spec.(*ast.ValueSpec)
		for i, name := range value.Names {
			var made string
			if i < len(value.Values) {
				if call, ok := value.Values[i].(*ast.CallExpr); ok {
					made = selector(call.Fun)
				}
			}
			if name.Name != "_" && !slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile"}, made) {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

func selector(n ast.Node) string {
	if s, ok := n.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name + "." + s.Sel.Name
		}
	}
	return ""
}

func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == prefix || strings.HasPrefix(name, prefix+"/")
	}
	ok, _ := path.Match(pattern, name)
	return ok
}

// sources parses every Go file that is not a test, by folder.
func sources(t *testing.T) map[string][]*ast.File {
	t.Helper()
	out := map[string][]*ast.File{}
	for _, root := range []string{"../cmd", "../internal"} {
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "tools" || entry.Name() == "testdata" || entry.Name() == "node_modules"):
				return fs.SkipDir
			case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			folder := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "../")
			out[folder] = append(out[folder], file)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
