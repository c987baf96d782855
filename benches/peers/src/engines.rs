//! General engines, each as fast as its documentation says how: compiled once, values set, evaluated for every event.

use crate::contender::{CONTACTS, Contender, Given, each};

/// Languages without local names say twice what decayed; the host keeps the upper bound.
const CEL: &str = "(score - 5 * (idle / 7) < 0 ? 0 : score - 5 * (idle / 7)) \
    + (kind == 0 ? 1 : kind == 1 ? 3 : kind == 2 ? 5 : kind == 3 ? 10 : 15)";
const ZEN: &str = "max([score - 5 * floor(idle / 7), 0]) \
    + (kind == 0 ? 1 : kind == 1 ? 3 : kind == 2 ? 5 : kind == 3 ? 10 : 15)";

/// LuaJIT, called for every event.
pub(crate) struct LuaJit {
    scores: Vec<i64>,
    function: mlua::Function,
    _lua: mlua::Lua,
}

impl LuaJit {
    pub(crate) fn new() -> Self {
        let lua = mlua::Lua::new();
        let source = r#"
            local points = { [0] = 1, 3, 5, 10, 15 }
            return function(kind, score, idle)
                local decayed = score - 5 * math.floor(idle / 7)
                if decayed < 0 then decayed = 0 end
                decayed = decayed + points[kind]
                if decayed > 120 then decayed = 120 end
                return decayed
            end
        "#;
        let function = lua.load(source).eval().expect("Lua reads it");
        Self { scores: vec![0; CONTACTS], function, _lua: lua }
    }
}

impl Contender for LuaJit {
    fn name(&self) -> &'static str {
        "LuaJIT by mlua, a call an event"
    }

    fn repeats(&self) -> usize {
        8
    }

    fn score(&mut self, given: &Given) -> i64 {
        let answer = self.function.call((given.kind, self.scores[given.contact], given.idle_days));
        self.scores[given.contact] = answer.expect("Lua answers");
        self.scores[given.contact]
    }

    each!();
}

/// CEL, compiled once.
pub(crate) struct Cel {
    scores: Vec<i64>,
    program: cel::Program,
    context: cel::Context<'static, 'static>,
}

impl Cel {
    pub(crate) fn new() -> Self {
        let program = cel::Program::compile(CEL).expect("CEL reads it");
        Self { scores: vec![0; CONTACTS], program, context: cel::Context::default() }
    }
}

impl Contender for Cel {
    fn name(&self) -> &'static str {
        "cel, the host keeps the upper bound"
    }

    fn score(&mut self, given: &Given) -> i64 {
        self.context.add_variable_from_value("kind", given.kind);
        self.context.add_variable_from_value("score", self.scores[given.contact]);
        self.context.add_variable_from_value("idle", given.idle_days);
        match self.program.execute(&self.context) {
            Ok(cel::Value::Int(score)) => self.scores[given.contact] = score.min(120),
            other => panic!("CEL answers {other:?}"),
        }
        self.scores[given.contact]
    }

    each!();
}

/// A rhai script, compiled once and evaluated for every event.
pub(crate) struct RhaiAst {
    scores: Vec<i64>,
    engine: rhai::Engine,
    ast: rhai::AST,
    scope: rhai::Scope<'static>,
}

impl RhaiAst {
    pub(crate) fn new() -> Self {
        let mut engine = rhai::Engine::new();
        engine.set_max_operations(50_000);
        let source = r#"
            let decayed = score - 5 * (idle / 7);
            if decayed < 0 { decayed = 0; }
            decayed += switch kind { 0 => 1, 1 => 3, 2 => 5, 3 => 10, _ => 15 };
            if decayed > 120 { 120 } else { decayed }
        "#;
        let ast = engine.compile(source).expect("rhai reads it");
        let mut scope = rhai::Scope::new();
        scope.push("kind", 0_i64).push("score", 0_i64).push("idle", 0_i64);
        Self { scores: vec![0; CONTACTS], engine, ast, scope }
    }
}

impl Contender for RhaiAst {
    fn name(&self) -> &'static str {
        "rhai, the syntax tree an event"
    }

    fn score(&mut self, given: &Given) -> i64 {
        self.scope.set_value("kind", given.kind);
        self.scope.set_value("score", self.scores[given.contact]);
        self.scope.set_value("idle", given.idle_days);
        let answer = self.engine.eval_ast_with_scope::<i64>(&mut self.scope, &self.ast);
        self.scope.rewind(3);
        self.scores[given.contact] = answer.expect("rhai answers");
        self.scores[given.contact]
    }

    each!();
}

/// zen-expression, compiled once.
pub(crate) struct Zen {
    scores: Vec<i64>,
    expression: zen_expression::Expression<zen_expression::expression::Standard>,
    context: zen_expression::Variable,
}

impl Zen {
    pub(crate) fn new() -> Self {
        let expression = zen_expression::compile_expression(ZEN).expect("zen-expression reads it");
        Self { scores: vec![0; CONTACTS], expression, context: zen_expression::Variable::empty_object() }
    }
}

impl Contender for Zen {
    fn name(&self) -> &'static str {
        "zen-expression, the host keeps the upper bound"
    }

    fn score(&mut self, given: &Given) -> i64 {
        for (name, value) in
            [("kind", given.kind), ("score", self.scores[given.contact]), ("idle", given.idle_days)]
        {
            self.context.dot_insert(name, zen_expression::Variable::Number(value.into()));
        }
        let answer = self.expression.evaluate(self.context.clone()).expect("zen-expression answers");
        let score = answer.as_number().and_then(|score| i64::try_from(score).ok());
        self.scores[given.contact] = score.expect("a whole number").min(120);
        self.scores[given.contact]
    }

    each!();
}

/// evalexpr, compiled once.
pub(crate) struct Evalexpr {
    scores: Vec<i64>,
    node: evalexpr::Node,
    context: evalexpr::HashMapContext,
}

impl Evalexpr {
    pub(crate) fn new() -> Self {
        let source = "min(max(score - 5 * (idle / 7), 0) + if(kind == 0, 1, if(kind == 1, 3, if(kind == 2, 5, if(kind == 3, 10, 15)))), 120)";
        let node = evalexpr::build_operator_tree(source).expect("evalexpr reads it");
        Self { scores: vec![0; CONTACTS], node, context: evalexpr::HashMapContext::new() }
    }
}

impl Contender for Evalexpr {
    fn name(&self) -> &'static str {
        "evalexpr, the tree an event"
    }

    fn score(&mut self, given: &Given) -> i64 {
        use evalexpr::ContextWithMutableVariables;
        for (name, value) in
            [("kind", given.kind), ("score", self.scores[given.contact]), ("idle", given.idle_days)]
        {
            self.context.set_value(name.into(), value.into()).expect("a variable");
        }
        let answer = self.node.eval_int_with_context(&self.context);
        self.scores[given.contact] = answer.expect("evalexpr answers");
        self.scores[given.contact]
    }

    each!();
}
