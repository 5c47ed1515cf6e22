"""What partners make together: each partition counts and sketches its own, one worker puts it together, and every partition meets the result as events."""
