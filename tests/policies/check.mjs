// Evaluates the policies of infra/policies for requests that they must refuse and let through.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [tools, policies] = process.argv.slice(2)
const require = createRequire(join(tools, 'package.json'))
const { runSimulation } = await import(pathToFileURL(require.resolve('@cloud-copilot/iam-simulate')))
const read = (name) => JSON.parse(readFileSync(join(policies, name), 'utf8'))

const account = '123456789012'
const model = 'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0'
const project = `arn:aws:bedrock-mantle:us-east-1:${account}:project/default`
const invokeRole = `arn:aws:iam::${account}:role/tollbook-invoke`
const session = `arn:aws:sts::${account}:assumed-role/tollbook-invoke/ana`
const gateway = `arn:aws:iam::${account}:role/llm-gateway`
const all = (...actions) => ({
  name: 'all',
  policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] }
})

async function answer({ principal, action, resource, context, identity = [], scp = [], trust }) {
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: identity,
    serviceControlPolicies: [{ orgIdentifier: 'root', policies: [all('*'), ...scp] }],
    resourceControlPolicies: [],
    resourcePolicy: trust
  }
  const result = await runSimulation(simulation, {})
  if (result.resultType === 'error') return JSON.stringify(result.errors)
  return result.overallResult
}

const permissions = { name: 'permissions', policy: read('invoke-permissions.json') }
const trust = read('invoke-trust.json')
const scp = { name: 'scp', policy: read('scp-models-need-a-team.json') }
const team = { 'aws:PrincipalTag/team': 'search' }
const known = { 'aws:SourceIdentity': 'ana' }
const cases = []

for (const action of ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream']) {
  const call = { principal: session, action, resource: model, identity: [permissions] }
  cases.push(
    [`permissions, ${action}: tag and source identity`, 'Allowed', { ...call, context: { ...team, ...known } }],
    [`permissions, ${action}: no tag`, 'ImplicitlyDenied', { ...call, context: known }],
    [`permissions, ${action}: no source identity`, 'ImplicitlyDenied', { ...call, context: team }],
    [`permissions, ${action}: empty tag`, 'ImplicitlyDenied',
      { ...call, context: { 'aws:PrincipalTag/team': '', ...known } }]
  )
}

const denied = [
  ['bedrock:InvokeModel', model],
  ['bedrock:InvokeModelWithResponseStream', model],
  ['bedrock:CreateModelInvocationJob', model],
  ['bedrock-mantle:CreateInference', project]
]
for (const [action, resource] of denied) {
  const identity = [all('bedrock:*', 'bedrock-mantle:*')]
  const call = (principal) => ({ principal, action, resource, identity, scp: [scp] })
  const of = (arn, more) => ({ 'aws:PrincipalArn': arn, ...more })
  cases.push(
    [`scp, ${action}: tagged`, 'Allowed', { ...call(session), context: of(invokeRole, team) }],
    [`scp, ${action}: untagged`, 'ExplicitlyDenied', { ...call(session), context: of(invokeRole) }],
    [`scp, ${action}: untagged user`, 'ExplicitlyDenied',
      { ...call(`arn:aws:iam::${account}:user/batch`), context: of(`arn:aws:iam::${account}:user/batch`) }],
    [`scp, ${action}: break-glass`, 'Allowed',
      { ...call(`arn:aws:sts::${account}:assumed-role/break-glass/on-call`),
        context: of(`arn:aws:iam::${account}:role/break-glass`) }]
  )
}
cases.push(['scp: models are still listed by an untagged caller', 'Allowed', {
  principal: session, action: 'bedrock:ListFoundationModels', resource: '*',
  identity: [all('bedrock:*')], scp: [scp], context: { 'aws:PrincipalArn': invokeRole }
}])

const opens = { 'aws:RequestTag/team': 'search', 'sts:SourceIdentity': 'ana' }
for (const action of ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']) {
  const call = (arn, context) => ({
    principal: arn, action, resource: invokeRole, trust, identity: [all('sts:*')],
    context: { 'aws:PrincipalArn': arn, ...context }
  })
  const inPath = `arn:aws:iam::${account}:role/services/llm-gateway`
  const { 'sts:SourceIdentity': _, ...noSource } = opens
  const { 'aws:RequestTag/team': __, ...noTag } = opens
  const refused = 'ImplicitlyDenied'
  cases.push(
    [`trust, ${action}: the gateway`, 'Allowed', call(gateway, opens)],
    [`trust, ${action}: the gateway in a path`, 'Allowed', call(inPath, opens)],
    [`trust, ${action}: another role`, refused, call(`arn:aws:iam::${account}:role/other`, opens)],
    [`trust, ${action}: no tag`, refused, call(gateway, noTag)],
    // A tag alone opens no session: without a source identity AssumeRole is refused.
    [`trust, ${action}: no source identity`, action === 'sts:TagSession' ? 'Allowed' : refused,
      call(gateway, noSource)]
  )
}

let wrong = 0
for (const [name, expected, request] of cases) {
  const actual = await answer(request)
  if (actual !== expected) {
    wrong += 1
    console.error(`${name}: ${actual}; expected ${expected}`)
  }
}
if (wrong > 0) process.exit(1)
console.log(`${cases.length} requests are answered as they should be`)
