package keyring

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"

	"github.com/authctl/authctl/internal/tokenstore"
)

// Names of the Secret Service API, version 0.2.
const (
	secretsName       = "org.freedesktop.secrets"
	secretsPath       = dbus.ObjectPath("/org/freedesktop/secrets")
	loginCollection   = dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
	defaultCollection = dbus.ObjectPath("/org/freedesktop/secrets/aliases/default")
	serviceInterface  = "org.freedesktop.Secret.Service."
	itemInterface     = "org.freedesktop.Secret.Item."
	collectionName    = "org.freedesktop.Secret.Collection"
	propertiesGet     = "org.freedesktop.DBus.Properties.Get"
)

// service reads from a Secret Service without ever making it prompt. go-keyring needs eight round trips for what
// takes two here, asks for an unlock of its own accord, and cannot tell a locked collection from an absent one.
type service struct{ conn *dbus.Conn }

func (s service) close() { _ = s.conn.Close() }

// ask calls the service at a path; the answer comes with wait.
func (s service) ask(ctx context.Context, path dbus.ObjectPath, method string, args ...any) *dbus.Call {
	return s.conn.Object(secretsName, path).GoWithContext(ctx, method, 0, make(chan *dbus.Call, 1), args...)
}

func wait(call *dbus.Call, into ...any) error { return (<-call.Done).Store(into...) }

// lookup reads an item's value. All questions that do not depend on one another leave together.
func (s service) lookup(ctx context.Context, account string) (string, error) {
	session := s.ask(ctx, secretsPath, serviceInterface+"OpenSession", "plain", dbus.MakeVariant(""))
	search := s.ask(ctx, secretsPath, serviceInterface+"SearchItems", map[string]string{"service": Service, "username": account})
	locks := s.askLocks(ctx)

	var open, shut []dbus.ObjectPath
	if err := wait(search, &open, &shut); err != nil {
		return "", busError(ctx, err)
	}
	item, locked := choose(open, shut)
	switch {
	case locked:
		return "", tokenstore.ErrLocked
	case item == "":
		// A service may hide what a locked collection holds: absent means absent from an open one.
		if err := s.locked(ctx, locks); err != nil {
			return "", err
		}
		return "", tokenstore.ErrNotFound
	}
	var ignored dbus.Variant
	var path dbus.ObjectPath
	if err := wait(session, &ignored, &path); err != nil {
		return "", busError(ctx, err)
	}
	return s.value(ctx, item, path)
}

func (s service) value(ctx context.Context, item, session dbus.ObjectPath) (string, error) {
	var secret struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}
	if err := wait(s.ask(ctx, item, itemInterface+"GetSecret", session), &secret); err != nil {
		return "", busError(ctx, err)
	}
	return string(secret.Value), nil
}

// choose takes the item that go-keyring would: the one in the login collection. Another tool may have written it
// elsewhere.
func choose(open, shut []dbus.ObjectPath) (item dbus.ObjectPath, locked bool) {
	inLogin := func(p dbus.ObjectPath) bool { return strings.HasPrefix(string(p), string(loginCollection)+"/") }
	for _, p := range open {
		if inLogin(p) {
			return p, false
		}
	}
	for _, p := range shut {
		if inLogin(p) {
			return p, true
		}
	}
	switch {
	case len(open) > 0:
		return open[0], false
	case len(shut) > 0:
		return shut[0], true
	}
	return "", false
}

// askLocks asks both collections that items may be written to whether they are locked.
func (s service) askLocks(ctx context.Context) [2]*dbus.Call {
	return [2]*dbus.Call{
		s.ask(ctx, loginCollection, propertiesGet, collectionName, "Locked"),
		s.ask(ctx, defaultCollection, propertiesGet, collectionName, "Locked"),
	}
}

// open is nil where items can be read and written now.
func (s service) open(ctx context.Context) error { return s.locked(ctx, s.askLocks(ctx)) }

// locked is nil where an open collection answers: the login collection counts, the default one where there is
// no such. Without either the keyring waits for somebody to set it up, which is no better than locked.
func (s service) locked(ctx context.Context, locks [2]*dbus.Call) error {
	var err error
	for _, call := range locks {
		var property dbus.Variant
		if err = wait(call, &property); err != nil {
			continue
		}
		if locked, ok := property.Value().(bool); ok && !locked {
			return nil
		}
		return tokenstore.ErrLocked
	}
	if e, ok := errors.AsType[dbus.Error](err); ok && isUnknownObject(e.Name) {
		return fmt.Errorf("%w: it has no default collection yet", tokenstore.ErrLocked)
	}
	return busError(ctx, err)
}

func isUnknownObject(name string) bool {
	return strings.HasPrefix(name, "org.freedesktop.DBus.Error.Unknown") || name == "org.freedesktop.Secret.Error.NoSuchObject"
}
