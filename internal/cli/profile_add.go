package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/internal/config"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

func newProfileAdd(g *globals) *cobra.Command {
	var provider, issuer string
	cmd := &cobra.Command{
		Use:   "add NAME --provider PROVIDER|--issuer URL [KEY=VALUE...]",
		Short: "Add a profile to profiles.yaml",
		Long: "Add a profile to profiles.yaml, which is made if there is none; nothing is written that would not load. KEY is a key of\n" +
			"docs/profiles.md, tls.ca_file and the like included; a list is written [a, b], a list of mappings (headers, params) into the\n" +
			"file alone. A secret is given by reference (env:NAME, file:PATH, keyring:ACCOUNT, command:ARGV, prompt:), never by value;\n" +
			"without one it is looked for in the keyring, where `authctl secret set` puts it. With --issuer the provider is oidc, the\n" +
			"issuer is asked what it can do, and grant, client_auth and scopes that are not given are chosen by that.",
		Example: "  authctl profile add tnco --provider tnco base_url=https://app.lm:32443 client_id=LmClient client_secret=env:TNCO_SECRET\n" +
			"  authctl profile add mulesoft --provider mulesoft token_url=https://idp.example.com/as/token.oauth2 client_id=my-app client_secret=prompt:\n" +
			"  authctl profile add sso --issuer https://idp.example.com client_id=my-app",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("profile add takes a NAME").Hint("authctl profile add tnco --provider tnco base_url=https://app.lm:32443 client_id=LmClient")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.runProfileAdd(cmd.Context(), &profileAdd{name: args[0], provider: provider, issuer: issuer}, args[1:])
		},
	}
	cmd.Flags().StringVar(&provider, "provider", "", "tnco, apiconnect, entra, mulesoft, oidc or oauth2")
	cmd.Flags().StringVar(&issuer, "issuer", "", "`URL` of an OpenID provider or OAuth server that publishes its metadata")
	_ = cmd.RegisterFlagCompletionFunc("provider",
		cobra.FixedCompletions([]string{"tnco", "apiconnect", "entra", "mulesoft", "oidc", "oauth2"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// profileAdd is a profile in the making.
type profileAdd struct {
	name, provider, issuer string
}

func (g *globals) runProfileAdd(ctx context.Context, add *profileAdd, settings []string) error {
	if add.issuer != "" && add.provider == "" {
		add.provider = "oidc"
	}
	switch {
	case add.provider == "":
		return usage("--provider or --issuer is required").Hint("--provider tnco, apiconnect, entra, mulesoft, oidc or oauth2")
	case add.issuer != "" && add.provider != "oidc":
		return usage("--issuer is for provider oidc")
	}
	entry := config.Entry{{Key: "name", Value: add.name}, {Key: "provider", Value: add.provider}}
	if add.issuer != "" {
		entry = append(entry, config.Setting{Key: "issuer", Value: add.issuer})
	}
	for _, text := range settings {
		setting, err := g.setting(add.provider, text)
		if err != nil {
			return err
		}
		if err := clash(entry, setting.Key); err != nil {
			return err
		}
		entry = append(entry, setting)
	}
	path, err := g.app.Loader.Path(g.config)
	if err != nil {
		return err
	}
	if add.issuer != "" {
		found, err := g.askIssuer(ctx, add.issuer, path, entry)
		if err != nil {
			return err
		}
		entry = found.fill(entry)
	}
	if err := g.app.Loader.Add(ctx, path, entry); err != nil {
		return err
	}
	g.app.note("added %s to %s", add.name, path)
	return nil
}

// clash refuses a key that is given already, whole or by a member of it: one of the two would be lost.
func clash(entry config.Entry, key string) error {
	for _, s := range entry {
		switch {
		case s.Key == key:
			return usage("%s is given twice", key)
		case strings.HasPrefix(s.Key, key+"."), strings.HasPrefix(key, s.Key+"."):
			return usage("%s and %s cannot be given together", s.Key, key)
		}
	}
	return nil
}

// setting reads KEY=VALUE. The value of a secret never comes from the command line, where others could read it.
func (g *globals) setting(provider, text string) (config.Setting, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return config.Setting{}, usage("a setting is KEY=VALUE")
	}
	if key == "name" || key == "provider" {
		return config.Setting{}, usage("%s is not given as KEY=VALUE", key).Hint("authctl profile add NAME --provider PROVIDER")
	}
	for _, name := range g.app.Loader.SecretKeys(provider) {
		ref, err := secret.ParseRef(value)
		if key == name && (err != nil || ref.Scheme == secret.Literal) {
			return config.Setting{}, usage("%s takes a reference here, not the secret itself", key).
				Hint("%s=env:NAME, file:PATH, keyring:ACCOUNT, command:ARGV or prompt:", key)
		}
	}
	if p := (&profile.Profile{Proxy: value}); key == "proxy" && !p.ProxyPassword().IsZero() {
		return config.Setting{}, usage("proxy has a password in it, which does not belong on the command line").
			Hint("write it into profiles.yaml, or leave proxy out and set HTTPS_PROXY")
	}
	inner, isList := strings.CutPrefix(value, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	switch {
	case isList && closed:
		return config.Setting{Key: key, Value: list(inner)}, nil
	case isSwitch(key):
		if b, err := strconv.ParseBool(value); err == nil {
			return config.Setting{Key: key, Value: b}, nil
		}
	}
	return config.Setting{Key: key, Value: value}, nil
}

// isSwitch reports whether a key is true or false; dpop may be a mapping as well, whose members have keys of their own.
func isSwitch(key string) bool {
	return strings.HasPrefix(key, "tls.insecure_") || key == "dpop" || key == "cae" || key == "certificate.send_chain"
}

// list splits at commas. A number is its text: what it stands for is the key's to say.
func list(text string) []string {
	words := []string{}
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}
