"""OpenStack Barbican for the benchmark: no sign-in, its own store (AES in the database), SQLite in one folder."""
import os
import sys

folder = os.environ['BARBICAN_FOLDER']
sys.argv = ['barbican']
with open(f'{folder}/barbican.conf', 'w') as conf:
    conf.write(f'''[DEFAULT]
sql_connection = sqlite:///{folder}/barbican.db
db_auto_create = True
host_href = http://127.0.0.1
default_log_levels = barbican=WARNING
[secretstore]
enabled_secretstore_plugins = store_crypto
[crypto]
enabled_crypto_plugins = simple_crypto
[simple_crypto_plugin]
kek = dGhpcnR5X3R3b19ieXRlX2tleWJsYWhibGFoYmxhaGg=
[oslo_policy]
policy_file = {folder}/policy.yaml
''')
with open(f'{folder}/policy.yaml', 'w') as policy:
    policy.write('"secret:get": "@"\n"secret:decrypt": "@"\n"secrets:post": "@"\n"secret_payload:get": "@"\n')
with open(f'{folder}/paste.ini', 'w') as paste:
    paste.write('''[composite:main]
use = egg:Paste#urlmap
/v1: api
[pipeline:api]
pipeline = context apiapp
[app:apiapp]
paste.app_factory = barbican.api.app:create_main_app
[filter:context]
paste.filter_factory = barbican.api.middleware.context:UnauthenticatedContextMiddleware.factory
''')

from barbican.common import config  # noqa: E402
from paste import deploy  # noqa: E402

config.CONF([], project='barbican', default_config_files=[f'{folder}/barbican.conf'])
application = deploy.loadapp(f'config:{folder}/paste.ini')
