"""What `inlay doctor` looks at: each check yields findings, each trouble has a code that stays the same."""
