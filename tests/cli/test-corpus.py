#!/usr/bin/env python3
"""Real and hostile samples with their expected results, where they lie beside the source (or in $MARQUE_CORPUS)."""
import os, subprocess, sys, tempfile

corpus = os.environ.get('MARQUE_CORPUS') or os.path.join(os.environ.get('MARQUE_SOURCE', '.'), '..', 'shared', 'corpus')
if not os.path.isfile(os.path.join(corpus, 'check.py')):
    print('skipped: no corpus here; MARQUE_CORPUS names its folder')
    sys.exit(77)
marque = os.environ.get('MARQUE', 'build/sanitize/marque')
slow = ['--slow', '12', '--memory', '8'] if 'sanitize' in marque else []

# The checker keeps what it read by format and has no place for text: it gets one.
with open(os.path.join(corpus, 'check_hostile.py'), encoding='utf-8') as f:
    hostile = f.read().replace("'html': b''}", "'html': b'', 'text': b''}")
with tempfile.NamedTemporaryFile('w', suffix='.py', encoding='utf-8') as f:
    f.write(hostile)
    f.flush()
    failed = subprocess.run([sys.executable, f.name, '--marque', marque, '--dir', os.path.join(corpus, 'handout', 'hostile'), *slow]).returncode
failed |= subprocess.run([sys.executable, os.path.join(corpus, 'check.py'), '--marque', marque]).returncode
sys.exit(1 if failed else 0)
