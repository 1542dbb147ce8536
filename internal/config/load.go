package config

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// Load reads the file at path and checks all of it.
func (l *Loader) Load(ctx context.Context, path string) (*File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	src, err := l.open(path)
	if err != nil {
		return nil, err
	}
	return l.read(path, src)
}

// Check judges data as Load would, were it the content of path and readable by its owner alone.
func (l *Loader) Check(path string, data []byte) (*File, error) {
	return l.read(path, source{data: data, private: true})
}

func (l *Loader) read(path string, src source) (*File, error) {
	settings, err := settingsOf(src.data)
	if p, ok := errors.AsType[*problem](err); ok {
		return nil, p.fault(path)
	}
	if err != nil {
		return nil, fault.New(fault.Config, codeSyntax, "%s: %w", path, err)
	}
	file := &File{Path: path, Dir: absoluteFolder(path), wanted: l.env("AUTHCTL_PROFILE")}
	if err := l.top(file, settings); err != nil {
		return nil, err
	}
	if len(file.entries) == 0 {
		return nil, fault.New(fault.Config, codeNoProfiles, "%s: there are no profiles in it", path).Hint("authctl profile add")
	}
	r := reader{Loader: l, file: file, private: src.private}
	err = r.profiles()
	if p, ok := errors.AsType[*problem](err); ok {
		return nil, p.fault(path)
	}
	return file, err
}

// settingsOf has viper hold the keys of the top level: a default, then the file. Its keys are ours alone, all in lower
// case and without dots, and it never sees a profile's keys, which it would change (spf13/viper #373, #1014).
func settingsOf(data []byte) (*viper.Viper, error) {
	v := viper.NewWithOptions(viper.WithDecoderRegistry(strict{}))
	v.SetConfigType("yaml")
	v.SetDefault("storage", "auto")
	return v, v.ReadConfig(bytes.NewReader(data))
}

// top takes the top-level settings. The environment is set on top of the file by hand, as viper would read the
// process's own instead of what the Loader was given.
func (l *Loader) top(file *File, v *viper.Viper) error {
	if storage := l.env("AUTHCTL_STORAGE"); storage != "" {
		if e := CheckStorage(storage); e != nil {
			return fault.New(fault.Config, "config.environment", "AUTHCTL_STORAGE: %s", e.Reason).
				Hint("export AUTHCTL_STORAGE=auto, keyring, file or memory, or unset it")
		}
		v.Set("storage", storage)
	}
	file.Storage = v.GetString("storage")
	file.DefaultProfile, file.defaultLine = v.GetString("default_profile"), v.GetInt(defaultLine)
	file.StorageKey, _ = v.Get("storage_key").(secret.Ref)
	file.storageKeyLine = v.GetInt(storageKeyLine)
	file.entries, _ = v.Get("profiles").([]*yaml.Node)
	return nil
}

// CheckStorage judges the name of a place for tokens.
func CheckStorage(name string) *profile.KeyError {
	const known = "auto, keyring, file, memory"
	switch name {
	case "auto", "keyring", "file", "memory":
		return nil
	case "redis":
		return &profile.KeyError{Key: "storage", Reason: profile.NotYet, Hint: "one of: " + known}
	}
	return &profile.KeyError{Key: "storage", Reason: "must be one of " + known, Hint: "storage: auto"}
}

func absoluteFolder(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return filepath.Dir(path)
}

// Settings of ours that no file can have: where the file says others.
const (
	defaultLine    = "default_profile line"
	storageKeyLine = "storage_key line"
)

// strict is viper's decoder for profiles.yaml.
type strict struct{}

// Decoder implements viper.DecoderRegistry.
func (strict) Decoder(string) (viper.Decoder, error) { return strict{}, nil }

// Decode implements viper.Decoder. Profiles go through as they were parsed.
func (strict) Decode(data []byte, into map[string]any) error {
	root, err := parse(data)
	if root == nil || err != nil {
		return err
	}
	if root.Kind != yaml.MappingNode {
		return &problem{line: root.Line, reason: "the file must begin with keys such as profiles:"}
	}
	if err := checkNode(root, 0); err != nil {
		return err
	}
	for i := 0; i < len(root.Content); i += 2 {
		if err := decodeTop(root.Content[i], root.Content[i+1], into); err != nil {
			return at(root, "", err)
		}
	}
	return nil
}

func decodeTop(key, value *yaml.Node, into map[string]any) (err error) {
	if key.Value == "profiles" {
		into[key.Value], err = decodeEntries(value)
		return err
	}
	if err := checkTree(value, 1); err != nil {
		return err
	}
	switch key.Value {
	case "default_profile":
		into[defaultLine] = value.Line
		into[key.Value], err = scalar(key.Value, value)
	case "storage":
		into[key.Value], err = decodeStorage(value)
	case "storage_key":
		into[storageKeyLine] = value.Line
		into[key.Value], err = decodeRef(key.Value, value)
	case "redis":
		err = &profile.KeyError{Key: key.Value, Reason: profile.NotYet}
	default:
		err = unknownKey("", key, strings.Fields("default_profile storage storage_key profiles"))
	}
	return err
}
