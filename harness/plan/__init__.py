"""Plans: YAML a QA engineer writes, validated with file:line, merged into requirements, expanded into cases."""
