package shape

import (
	"context"
	"errors"
	"iter"

	"github.com/itchyny/gojq"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

var _ Shaper = (*Query)(nil)

// Query is a jq expression. It sees neither the environment ($ENV and env are empty) nor a file, so that an expression
// from a stranger can leak nothing of this machine.
type Query struct{ code *gojq.Code }

// ParseQuery compiles expr; what is wrong with it is an error of the command line.
func ParseQuery(flag, expr string) (*Query, error) {
	parsed, err := gojq.Parse(expr)
	if err != nil {
		return nil, queryFault(flag, err)
	}
	code, err := gojq.Compile(parsed, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, queryFault(flag, err)
	}
	return &Query{code}, nil
}

func queryFault(flag string, err error) error {
	return fault.New(fault.Usage, "usage.jq", "%s: not a jq expression: %w", flag, err).
		Hint("%s '.items[].name'; the language: https://jqlang.org/manual/", flag)
}

// Values are the results for value. An endless expression ends with ctx.
func (q *Query) Values(ctx context.Context, value any) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		results := q.code.RunWithContext(ctx, value)
		for {
			result, ok := results.Next()
			if !ok {
				return
			}
			if err, failed := result.(error); failed {
				if err = resultFault(ctx, err); err != nil {
					yield(nil, err)
				}
				return
			}
			if !yield(result, nil) {
				return
			}
		}
	}
}

// resultFault is what a failed expression tells; halt is no failure.
func resultFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return outOfTime(ctx)
	}
	if halt, ok := errors.AsType[*gojq.HaltError](err); ok && halt.Value() == nil {
		return nil
	}
	return fault.New(fault.Protocol, "protocol.jq", "the answer does not fit the jq expression: %s", httpx.Excerpt(err.Error(), nil)).
		Hint("look at the answer with --jq . first")
}

func outOfTime(ctx context.Context) error {
	f := httpx.Failure(context.Cause(ctx))
	if f.Kind == fault.Timeout && f.Op == "" {
		f = fault.New(fault.Timeout, "timeout.total", "the time is up while shaping the answer")
	}
	return f
}

// Text is one line for each result: strings as they are, all else as compact JSON, as gh api prints them.
func (q *Query) Text(ctx context.Context, value any) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for result, err := range q.Values(ctx, value) {
			if err != nil {
				yield(nil, err)
				return
			}
			line, err := line(result)
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// Rest is nothing: each value is for itself.
func (*Query) Rest() iter.Seq2[[]byte, error] { return func(func([]byte, error) bool) {} }

func line(result any) ([]byte, error) {
	if text, ok := result.(string); ok {
		return append([]byte(text), '\n'), nil
	}
	text, err := gojq.Marshal(result)
	if err != nil {
		return nil, fault.New(fault.Protocol, "protocol.jq", "a result of the jq expression is no JSON: %w", err)
	}
	return append(text, '\n'), nil
}
