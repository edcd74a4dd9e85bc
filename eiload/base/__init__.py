"""Words that everybody uses: time, errors, quantities, wording, files, lines on stderr."""
