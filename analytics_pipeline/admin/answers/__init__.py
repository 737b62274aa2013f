"""The answers: their shape on the wire, and the pure rules by which sums become what is shown."""
